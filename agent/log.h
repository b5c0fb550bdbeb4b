/*
 * The program's log: one line, one event, on stderr; "text" or JSON. Only agent/ logs. Values are
 * quoted where needed; control characters never reach the terminal.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include <stdbool.h>

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_setup(bool json, bool debug);
/* Pairs of (const char *name, str value), ended by NULL:
 * log_event(LOG_INFO, "sync started", "app", name, NULL). */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
