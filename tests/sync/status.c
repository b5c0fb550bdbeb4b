/*
 * What the API server said of writes of Secrets (Kubernetes 1.34), and what is shown of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "sync/kube/status.h"

#define STATUS(code, reason, message, more)                                                                            \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"" message      \
	"\",\"reason\":\"" reason "\",\"code\":" #code more "}"
#define HIDDEN "(its words are not shown: they may hold values of the Secret)"

static const struct {
	int code;
	const char *body, *shown;
} rows[] = {
	{500, STATUS(500, "InternalError", "failed to create typed patch object (ns/s; /v1, Kind=Secret): .data.token: "
		     "expected string, got &value.valueUnstructured{Value:12345}", ""),
	 "the API server answered 500 InternalError: .data.token " HIDDEN},
	{500, STATUS(500, "", "failed to create typed patch object (ns/s; /v1, Kind=Secret): errors:\\n  .data.a: expected "
		     "string, got &value.valueUnstructured{Value:12345}", ""),
	 "the API server answered 500  " HIDDEN},
	{422, STATUS(422, "Invalid", "Secret \\\"s\\\" is invalid: data[12345]: Invalid value: \\\"12345\\\": a valid config key",
		     ",\"details\":{\"name\":\"s\",\"kind\":\"Secret\",\"causes\":[{\"reason\":\"FieldValueInvalid\","
		     "\"message\":\"Invalid value: 12345\",\"field\":\"data[.dockerconfigjson]\"},"
		     "{\"field\":\"type\"},{\"field\":\"no path: 12345\"}]}"),
	 "the API server answered 422 Invalid: data[.dockerconfigjson], type " HIDDEN},
	{400, STATUS(400, "BadRequest", "Secret in version \\\"v1\\\" cannot be handled as a Secret: json: cannot unmarshal "
		     "number 12345 into Go struct field Secret.data of type []uint8", ""),
	 "the API server answered 400 BadRequest " HIDDEN},
	{403, STATUS(403, "Forbidden", "admission webhook \\\"w\\\" denied the request: 12345 is weak", ""),
	 "the API server answered 403 Forbidden " HIDDEN},
	{403, STATUS(403, "Forbidden", "secrets \\\"s\\\" is forbidden: User \\\"u\\\" cannot patch resource \\\"secrets\\\"", ""), NULL},
	{404, STATUS(404, "NotFound", "namespaces \\\"ns\\\" not found", ""), NULL},
	{409, STATUS(409, "Conflict", "Operation cannot be fulfilled on secrets \\\"s\\\": the object has been modified", ""), NULL},
	{502, "<html>12345</html>", "the API server answered 502  " HIDDEN},
};

static void test_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_reply reply = {.status = rows[i].code, .body = str_of(rows[i].body)};
		struct error err = {.kind = ERROR_NONE}, before;

		assert_false(kube_status_check(&reply, &err));
		before = err;
		kube_status_secret(reply.body, &err);
		if (strcmp(err.text, rows[i].shown ? rows[i].shown : before.text) != 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_true(err.kind == before.kind && err.code == rows[i].code && !strstr(err.text, "12345"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_secret)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
