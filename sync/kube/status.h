/*
 * What the API server answered, as an error: the kind says what to do, the text is the server's.
 * Rules: apimachinery's metav1.Status and its reasons.
 */
#ifndef SYNC_KUBE_STATUS_H
#define SYNC_KUBE_STATUS_H

#include "base/value.h"
#include "sync/http.h"

/* True for 2xx and 304. Otherwise fills *err; err->code is the HTTP status. */
bool kube_status_check(const struct http_reply *reply, struct error *err);
/* From a Status object (of a watch's ERROR event). */
void kube_status_error(struct value status, int code, struct error *err);
/* The same of a write of a Secret: the server's words may hold its values, so only code, reason and
 * the names of the fields are said. Texts that the server makes of names alone stay. */
void kube_status_secret(str body, struct error *err);
/* Does the text of an error say that the whole resource path is not served? */
bool kube_status_no_resource(const struct error *err);
/* The texts of Warning headers (one a line), joined by ". ". */
str kube_warning(struct arena *keep, str header);

#endif
