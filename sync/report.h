/*
 * What the engine knows, as the JSON of Argo CD's Application status (types.go): resources,
 * operationState, and the differences for `tiphys diff`. Secret values are masked in all of it.
 */
#ifndef SYNC_REPORT_H
#define SYNC_REPORT_H

#include "sync/sync.h"

/* status.resources: [{group,version,kind,namespace,name,status,health,hook,requiresPruning,
 * syncWave}] in the order of the comparison. */
struct value report_resources(struct arena *keep, const struct comparison *c);
/* status.summary: {images[],externalURLs[]}, sorted, each once. */
struct value report_summary(struct arena *keep, const struct comparison *c);
/* One resource for /managed-resources and `diff`: {group,kind,namespace,name,targetState,liveState,
 * differences:[{kind,path,wanted,live}]}. States are JSON texts, masked. */
struct value report_resource(struct arena *keep, const struct resource *r);
/* {phase,message,startedAt,finishedAt?,retryCount?,syncResult:{revision,resources}}. finished 0:
 * still running. record: sync_record's. */
struct value report_operation(struct arena *keep, struct value record, str revision,
			      int64_t started, int64_t finished, unsigned retries);
/* A copy whose Secret data is masked ("++++++++"); other kinds come back as they are. */
struct value report_mask(struct arena *keep, struct value object);

#endif
