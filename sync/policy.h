/*
 * What an Application and the annotations of its objects ask of a sync, as data; and the decisions
 * that need nothing but that data: when to sync by itself, when to try again.
 * Options, annotations and texts are Argo CD 3.6's (docs/user-guide/sync-options.md, hooks,
 * sync-waves); where we differ on purpose, the comment says so.
 */
#ifndef SYNC_POLICY_H
#define SYNC_POLICY_H

#include "base/error.h"
#include "base/object.h"
#include "base/value.h"
#include "sync/cluster.h"

enum confirm { CONFIRM_YES, CONFIRM_NO, CONFIRM_ASK }; /* (default), =false, =confirm */

/* Of an application (syncPolicy.syncOptions) or of one object (annotation sync-options). */
struct sync_options {
	enum confirm prune, remove; /* Prune=, Delete= */
	bool no_validate;	    /* Validate=false */
	bool skip_dry_run;	    /* SkipDryRunOnMissingResource=true */
	bool out_of_sync_only;	    /* ApplyOutOfSyncOnly=true */
	bool prune_last;	    /* PruneLast=true */
	bool replace, force;	    /* Replace=true, Force=true */
	bool fail_on_shared;	    /* FailOnSharedResource=true */
	bool respect_ignore;	    /* RespectIgnoreDifferences=true */
	bool create_namespace;	    /* CreateNamespace=true */
	bool no_migration;	    /* ClientSideApplyMigration=false */
	enum propagation propagation; /* PrunePropagationPolicy=; foreground when not given */
};

/* One entry of spec.ignoreDifferences. group and kind are globs; name and namespace are exact,
 * empty means any. */
struct ignore_rule {
	str group, kind, name, namespace;
	str *pointers, *jq, *managers;
	size_t pointers_n, jq_n, managers_n;
};

struct retry_policy {
	int64_t limit; /* < 0: without end */
	int64_t first_ns, max_ns;
	int64_t factor;
	bool refresh;
};

struct policy {
	bool automated, prune, self_heal, allow_empty;
	struct sync_options options;
	bool has_retry; /* retry is filled in any case: limit 0 by hand, 5 when automated */
	struct retry_policy retry;
	struct ignore_rule *ignores;
	size_t ignores_n;
	struct value namespace_labels, namespace_annotations; /* managedNamespaceMetadata; NIL */
	/* client-side-apply-migration-manager of the Application, or empty: kubectl's */
	str migration_manager;
	/* What is unknown or has no effect here, for the agent to show as conditions. */
	str *notes;
	size_t notes_n;
};

/* spec: an Application's spec. Texts are borrowed from it. Fails on wrong types only. */
bool policy_read(struct arena *keep, struct value spec, struct policy *out, struct error *err);
/* What annotations of the Application say; after policy_read. Borrowed too. */
void policy_annotations(struct value application, struct policy *out);
/* The time of the annotation deletion-approved in wall nanoseconds, 0 when there is none: for
 * sync_spec.approved and sync_approve. */
int64_t policy_approved(struct value application);

/* --- what an object's annotations say --- */

enum hook_phase {
	HOOK_PRE_SYNC = 1,
	HOOK_SYNC = 2,
	HOOK_POST_SYNC = 4,
	HOOK_SYNC_FAIL = 8,
	HOOK_PRE_DELETE = 16,
	HOOK_POST_DELETE = 32,
	HOOK_SKIP = 64,
};
#define HOOK_IN_SYNC (HOOK_PRE_SYNC | HOOK_SYNC | HOOK_POST_SYNC | HOOK_SYNC_FAIL)

enum hook_delete {
	HOOK_DELETE_BEFORE_CREATION = 1, /* the default when none is named */
	HOOK_DELETE_SUCCEEDED = 2,
	HOOK_DELETE_FAILED = 4,
};

struct object_rules {
	struct sync_options options; /* the application's, overridden by the object's */
	int wave;		     /* sync-wave, else helm.sh/hook-weight, else 0 */
	unsigned hooks;		     /* of enum hook_phase; 0: an ordinary object */
	unsigned hook_delete;	     /* of enum hook_delete; 0 for an ordinary object */
	bool ignored;		  /* only unknown hook names: neither applied nor compared nor pruned */
	bool ignore_health;	  /* ignore-healthcheck: "true" */
	bool ignore_extraneous;	  /* compare-options: IgnoreExtraneous */
	bool helm_keep;		  /* helm.sh/resource-policy: keep: not deleted with its application */
};

/* policy may be NULL: the defaults. */
struct object_rules policy_object(const struct policy *policy, struct value object);

/* --- decisions --- */

enum last_phase { LAST_NONE, LAST_RUNNING, LAST_SUCCEEDED, LAST_FAILED };

/* Facts for the decision to sync by itself. Times are wall nanoseconds. */
struct auto_facts {
	bool out_of_sync;	/* the application's sync status is OutOfSync */
	bool only_prunes;	/* every resource that is out of sync requires pruning */
	bool all_prunes;	/* every resource of the application requires pruning */
	bool deleting;		/* the Application is being deleted */
	bool busy;		/* an operation is going on */
	bool blocked;		/* a condition *Error is there */
	enum last_phase last;	/* of the last operation */
	bool last_transient;	/* it failed for something that passes: 5xx, conflict, network */
	bool same_target;	/* it tried exactly what is wanted now (revision, source, objects) */
	int64_t last_ended;
	unsigned heals;		/* self-heals or retries in a row for the same target */
	int64_t now;
	str last_message, target; /* for texts: revision wanted */
};

enum auto_verdict {
	AUTO_NO,   /* nothing to do, or not allowed: why says it (may be empty) */
	AUTO_SYNC, /* full sync of a new target */
	AUTO_HEAL, /* the target is deployed and drifted: partial sync, no hooks */
	AUTO_LATER, /* ask again at `when` */
	AUTO_ERROR, /* why is Argo CD's SyncError text */
};

/* Argo CD's autoSync (reference: controller/appcontroller.go) with two differences: a sync that
 * failed for a passing reason is tried again with a growing pause of at most 5 minutes and not
 * given up, and a new target never waits for an old one's pause. */
enum auto_verdict policy_auto(struct arena *keep, const struct policy *policy,
			      const struct auto_facts *facts, int64_t *when, str *why);
/* After a failed operation: may attempt `count` + 1 be made? *delay_ns says after how long. */
bool policy_retry(const struct retry_policy *retry, unsigned count, int64_t *delay_ns);

/* Does a rule of ignoreDifferences concern this object? */
bool policy_ignore_matches(const struct ignore_rule *rule, const struct object_key *key);

#endif
