/*
 * .Capabilities: what the cluster can do, as Helm 4.1.4 and 3.17.3 show it.
 */
#ifndef RENDER_CAPABILITIES_H
#define RENDER_CAPABILITIES_H

#include "render/render.h"

/* "v1.35.0" when the options name no version. False when they name a wrong one. */
bool capabilities_make(struct arena *keep, const struct render_options *options, struct value *out,
		       struct error *err);
/* The version that Chart.yaml's kubeVersion is tested against. */
str capabilities_kube_version(struct value capabilities);

#endif
