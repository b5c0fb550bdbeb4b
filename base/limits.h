/*
 * Every limit of the program, in one place, each with its reason. A limit that is hit gives an
 * error of kind ERROR_LIMIT whose text names it. Sizes are bytes unless the name says otherwise.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Values and text. */
#define LIMIT_VALUE_DEPTH 200		/* nesting of maps and lists; deepest public CRD seen: 38 */
#define LIMIT_JSON_BYTES (64u << 20)	/* one JSON document; API objects end at 3 MiB, lists are framed */
#define LIMIT_ERROR_TEXT 8192		/* one error; Helm's nested include errors reach 3 kB */
#define LIMIT_BUF_DEFAULT (256u << 20)	/* a buffer that nobody gave a smaller cap */
#define LIMIT_LIST_ITEMS (1u << 26)	/* items of one list, entries of one map */
#define LIMIT_MEMORY 100000u		/* objects whose harmless differences are known: 15 MB */

/* YAML (libyaml has no limits of its own and is quadratic in flow depth). */
#define LIMIT_YAML_BYTES (32u << 20)	/* one YAML text */
#define LIMIT_YAML_DEPTH 100		/* nested collections */
#define LIMIT_YAML_NODES (1u << 20)	/* nodes made, alias expansions included */

/* Templates. */
#define LIMIT_TEMPLATE_BYTES (5u << 20)	   /* one template file: Helm's file limit */
#define LIMIT_TEMPLATE_NESTING 500	   /* nested control structures and parentheses */
#define LIMIT_TEMPLATE_STEPS 100000000ull  /* VM instructions of one render */
#define LIMIT_EQUAL_NODES (1u << 24)	   /* of one comparison: shared parts make values grow by 2^n */
#define LIMIT_TEMPLATE_OUTPUT (64u << 20)  /* bytes written by one render */
#define LIMIT_TEMPLATE_INCLUDE 1000	   /* nested includes of one name: Helm's own limit */
#define LIMIT_TEMPLATE_DEPTH 2000	   /* nested template calls in all (the stack is 64 MiB) */
#define LIMIT_FN_TEXT (32u << 20)	   /* text made by one function call: half of the output */
#define LIMIT_FN_ITEMS (1u << 20)	   /* items made by one until, untilStep or seq */
#define LIMIT_FN_COMPARISONS 20000000u	   /* pairs that one uniq or without compares */
#define LIMIT_FN_COSTLY 1000000u	   /* steps that one key, bcrypt or scrypt counts for: it takes 0.1 s */
#define LIMIT_REGEX_CACHE 256		   /* compiled patterns a thread keeps */
#define LIMIT_RENDER_MEMORY (256u << 20)   /* arena bytes of one render */
#define LIMIT_RENDER_SECONDS 10		   /* one Application's rendering; GOV.UK's slowest takes 20 ms */
#define LIMIT_RENDER_CACHE (12u << 20)	   /* parsed charts and compiled templates kept between renders */

/* Charts: Helm's own limits. */
#define LIMIT_CHART_FILE (5u << 20)
#define LIMIT_CHART_BYTES (100u << 20)
#define LIMIT_CHART_FILES 20000		/* files of one chart, subcharts included */
#define LIMIT_CHART_DEPTH 20		/* subcharts within subcharts */
#define LIMIT_SET_INDEX 65536		/* --set a[N]: Helm's own limit */
#define LIMIT_SET_DEPTH 30		/* --set a.b.c...: Helm's own limit */
#define LIMIT_LINK_HOPS 40		/* symbolic links followed to one file */

/* Git. */
#define LIMIT_GIT_REFS_BYTES (10u << 20)   /* one ls-refs reply */
#define LIMIT_GIT_PACK_BYTES (512u << 20)  /* one pack received */
#define LIMIT_GIT_BLOB (5u << 20)	   /* one file read */
#define LIMIT_GIT_TREE_ENTRIES 200000	   /* entries of one commit's tree that is walked */
#define LIMIT_GIT_TREE_DEPTH 64
#define LIMIT_GIT_TREE (16u << 20)	   /* one tree object: 400,000 entries */
#define LIMIT_GIT_COMMIT (1u << 20)	   /* one commit object, its message included */
#define LIMIT_GIT_PACKS 32		   /* packs of one store; then they become one, at twice that at once */
#define LIMIT_GIT_HELD 16		   /* commits kept that no watch names now */
#define LIMIT_GIT_WANTS 64		   /* commits asked for at once; more follow */
#define LIMIT_GIT_CONVERSATIONS 16	   /* with servers at one time */
#define LIMIT_GIT_SECONDS 120		   /* one fetch, from first to last byte */

/* Kubernetes. */
#define LIMIT_KUBE_OBJECT (16u << 20)	/* one watch line or list item */
#define LIMIT_KUBE_REPLY (64u << 20)	/* one reply that is not a list */
#define LIMIT_KUBECONFIG (1u << 20)

/* jq expressions of ignoreDifferences. */
#define LIMIT_JQ_MS 100	  /* one run; a sane one takes microseconds, a bad one 2 MiB a millisecond */
#define LIMIT_JQ_CACHE 64 /* compiled programs a thread keeps */

/* HTTP server and callbacks. */
#define LIMIT_HTTP_BODY (1u << 20)	/* one request's body */
#define LIMIT_HTTP_BODIES (8u << 20)	/* all bodies that are being received */
#define LIMIT_HTTP_CONNECTIONS 512	/* half of them from one address */
#define LIMIT_HTTP_HEADER (16u << 10)
#define LIMIT_HTTP_REPLY_HEADERS (256u << 10) /* all headers of one reply; the API server's end at 100 kB */
#define LIMIT_CALLBACK_REPLY (64u << 10) /* what is read of a callback's reply */

/* Applications. */
#define LIMIT_APP_NESTING 10		/* applications within applications */
#define LIMIT_APPS 5000
#define LIMIT_APP_KINDS 2000		/* kinds watched after a restart because they were written once */
#define LIMIT_APP_OBJECTS 20000		/* objects of one application */

#endif
