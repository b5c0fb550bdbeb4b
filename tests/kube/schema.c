/*
 * The table of built-in kinds, and CRDs' schemas: defaults, unknown fields, canonical form, errors.
 * Texts were asked from a real API server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "kube/schema.h"

static struct arena keep;

static int setup(void **state)
{
	(void)state;
	arena_init(&keep, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&keep);
	return 0;
}

/* JSON with ' for ". */
static struct value read(const char *text)
{
	char *copy = arena_cstr(&keep, str_of(text));
	struct error err = {0};
	struct value v;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (!json_read(&keep, str_of(copy), 0, &v, &err))
		fail_msg("%s: %s", text, err.text);
	return v;
}

static void same(struct value v, const char *wanted)
{
	str text = json_text(&keep, v, 0);

	if (!value_equal(v, read(wanted)))
		fail_msg("%.*s instead of %s", STR_ARG(text), wanted);
}

static const struct schema *deployment(void)
{
	return schema_builtin(STR("apps"), STR("v1"), STR("Deployment"));
}

static const struct schema *at(const struct schema *s, const char *path)
{
	str rest = str_of(path);

	while (s && rest.n) {
		str name = str_cut(rest, '.', &rest);

		s = s->type == SCHEMA_LIST ? s->item : s;
		s = schema_field(s, name) ? schema_field(s, name)->schema : NULL;
	}
	return s;
}

static void table(void **state)
{
	const struct schema *ports = at(deployment(), "spec.template.spec.containers.ports");

	(void)state;
	assert_non_null(ports);
	assert_int_equal(ports->list, LIST_MAP);
	assert_int_equal(ports->keys_n, 2);
	assert_true(str_is(ports->keys[0], "containerPort"));
	assert_int_equal(at(deployment(), "spec.template.spec.containers.resources.limits")->item->type, SCHEMA_QUANTITY);
	assert_true(at(deployment(), "spec.selector")->atomic);
	assert_int_equal(at(deployment(), "metadata.finalizers")->list, LIST_SET);
	assert_null(schema_builtin(STR("apps"), STR("v1"), STR("Nothing")));
	assert_non_null(schema_builtin(STR(""), STR("v1"), STR("ConfigMap")));
	assert_true(schema_field(at(deployment(), "spec"), STR("strategy"))->patch_replace_keys);
}

static void unknown(void **state)
{
	struct value v = read("{'metadata':{'foo':1},'spec':{'x':1,'template':{'spec':{'containers':[{'name':'a',"
			      "'bar':2}]}}}}");
	size_t n;
	str *paths;

	(void)state;
	same(schema_prune(&keep, deployment(), v, &paths, &n),
	     "{'metadata':{},'spec':{'template':{'spec':{'containers':[{'name':'a'}]}}}}");
	assert_int_equal(n, 3);
	assert_string_equal(paths[0].s, "unknown field \"metadata.foo\"");
	assert_string_equal(paths[2].s, "unknown field \"spec.template.spec.containers[0].bar\"");
}

static void normal(void **state)
{
	(void)state;
	same(schema_normalise(&keep, deployment(),
			      read("{'metadata':{'name':'a','labels':{},'creationTimestamp':null},'spec':{'replicas':0,"
				   "'paused':false,'template':{'spec':{'containers':[{'name':'a','env':[{'name':'x',"
				   "'value':''}],'args':[],'resources':{'limits':{'cpu':'1000m','memory':'1024Mi'}}}]}}}}")),
	     "{'metadata':{'name':'a'},'spec':{'replicas':0,'selector':null,'strategy':{},'template':{'metadata':{},"
	     "'spec':{'containers':[{'name':'a','env':[{'name':'x'}],'resources':{'limits':{'cpu':'1','memory':'1Gi'}}}]}"
	     "}},'status':{}}");
	same(schema_zero(&keep, deployment()),
	     "{'metadata':{},'spec':{'selector':null,'strategy':{},'template':{'metadata':{},'spec':{'containers':null}}},"
	     "'status':{}}");
}

static void decode(void **state)
{
	static const char *const rows[][2] = {
		{"{'spec':{'replicas':'x'}}",
		 "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"},
		{"{'spec':{'replicas':1.5}}",
		 "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"},
		{"{'spec':{'template':[]}}", "json: cannot unmarshal array into Go struct field "
					     "DeploymentSpec.spec.template of type v1.PodTemplateSpec"},
		{"{'spec':{'template':{'spec':{'containers':{}}}}}",
		 "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type "
		 "[]v1.Container"},
		{"{'spec':{'template':{'spec':{'containers':[{'name':5}]}}}}",
		 "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of "
		 "type string"},
		{"{'metadata':{'labels':[]}}", "json: cannot unmarshal array into Go struct field "
					       "ObjectMeta.metadata.labels of type map[string]string"},
		{"{'metadata':{'creationTimestamp':'x'}}",
		 "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\""},
		{"{'metadata':'x'}",
		 "json: cannot unmarshal string into Go struct field Deployment.metadata of type v1.ObjectMeta"},
		{"{'spec':{'replicas':3}}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error err = {0};

		schema_decode(&keep, deployment(), read(rows[i][0]), &err);
		assert_string_equal(err.text, rows[i][1]);
	}
}

static const struct schema *thing(void)
{
	struct error err = {0};
	const struct schema *s = schema_of_crd(
		&keep,
		read("{'type':'object','properties':{'spec':{'type':'object','properties':{"
		     "'s':{'type':'string','minLength':2,'maxLength':4,'pattern':'^a.*$'},'e':{'type':'string','enum':['x','y']},"
		     "'i':{'type':'integer','minimum':1,'maximum':5,'multipleOf':2},"
		     "'l':{'type':'array','items':{'type':'string','maxLength':3},'minItems':1,'maxItems':2},"
		     "'set':{'type':'array','items':{'type':'string'},'x-kubernetes-list-type':'set'},"
		     "'lm':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name','proto'],"
		     "'items':{'type':'object','required':['name','port'],'properties':{'name':{'type':'string'},"
		     "'port':{'type':'integer'},'proto':{'type':'string','default':'TCP'}}}},"
		     "'m':{'type':'object','additionalProperties':{'type':'integer'},'maxProperties':2,'minProperties':1},"
		     "'o':{'type':'object','required':['a'],'properties':{'a':{'type':'string'},'d':{'type':'string',"
		     "'default':'dd'}}},'x':{'x-kubernetes-int-or-string':true},"
		     "'p':{'type':'object','x-kubernetes-preserve-unknown-fields':true,'properties':{'k':{'type':'object',"
		     "'properties':{'z':{'type':'string'}}}}},'nul':{'type':'string','nullable':true},"
		     "'dt':{'type':'string','format':'date-time'},"
		     "'emb':{'type':'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-fields':true},"
		     "'of':{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'}},"
		     "'oneOf':[{'required':['a']},{'required':['b']}]}}}}}"),
		&err);

	assert_non_null(s);
	return s;
}

static void rules(void **state)
{
	/* spec, what is wrong with it: causes joined by " | " */
	static const char *const rows[][2] = {
		{"{'s':'abcde'}", "spec.s: Too long: may not be more than 4 bytes"},
		{"{'s':'a'}", "spec.s: Invalid value: \"a\": spec.s in body should be at least 2 chars long"},
		{"{'s':'bb'}", "spec.s: Invalid value: \"bb\": spec.s in body should match '^a.*$'"},
		{"{'s':5}", "spec.s: Invalid value: \"integer\": spec.s in body must be of type string: \"integer\""},
		{"{'e':'z'}", "spec.e: Unsupported value: \"z\": supported values: \"x\", \"y\""},
		{"{'i':7}", "spec.i: Invalid value: 7: spec.i in body should be a multiple of 2 | spec.i: Invalid value: "
			    "7: spec.i in body should be less than or equal to 5"},
		{"{'i':1.5}", "spec.i: Invalid value: \"number\": spec.i in body must be of type integer: \"number\" | "
			      "spec.i: Invalid value: 1.5: spec.i in body should be a multiple of 2"},
		{"{'l':[]}", "spec.l: Invalid value: 0: spec.l in body should have at least 1 items"},
		{"{'l':['a','b','c']}", "spec.l: Too many: 3: must have at most 2 items"},
		{"{'l':['abcd']}", "spec.l[0]: Too long: may not be more than 3 bytes"},
		{"{'set':['a','a']}", "spec.set[1]: Duplicate value: \"a\""},
		{"{'lm':[{'name':'a','port':1,'proto':'TCP'},{'name':'a','port':2,'proto':'TCP'}]}",
		 "spec.lm[1]: Duplicate value: {\"name\":\"a\",\"proto\":\"TCP\"}"},
		{"{'lm':[{'name':'a'}]}", "spec.lm[0].port: Required value"},
		{"{'m':{}}", "spec.m: Invalid value: 0: spec.m in body should have at least 1 properties"},
		{"{'m':{'a':1,'b':2,'c':3}}", "spec.m: Too many: 3: must have at most 2 items"},
		{"{'m':{'a':'x'}}", "spec.m.a: Invalid value: \"string\": spec.m.a in body must be of type integer: "
				    "\"string\""},
		{"{'o':{}}", "spec.o.a: Required value"},
		{"{'x':1.5}", "spec.x: Invalid value: \"number\": spec.x in body must be of type integer,string: "
			      "\"number\""},
		{"{'nul':null}", ""},
		{"{'dt':'x'}", "spec.dt: Invalid value: \"x\": spec.dt in body must be of type date-time: \"x\""},
		{"{'emb':{'a':1}}", "spec.emb.apiVersion: Required value | spec.emb.kind: Required value"},
		{"{'of':{}}", "<nil>: Invalid value: \"\": \"spec.of\" must validate one and only one schema (oneOf). Found "
			      "none valid | spec.of.a: Required value"},
		{"{'of':{'a':'','b':''}}", "<nil>: Invalid value: \"\": \"spec.of\" must validate one and only one schema "
					   "(oneOf). Found 2 valid alternatives"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct map *object = map_new(&keep, 1);
		struct schema_cause *causes;
		str text = STR("");
		size_t n;

		map_set(&keep, object, STR("spec"), read(rows[i][0]));
		schema_validate(&keep, thing(), value_of_map(object), &causes, &n);
		for (size_t j = 0; j < n; j++)
			text = arena_printf(&keep, "%.*s%s%.*s: %.*s", STR_ARG(text), j ? " | " : "",
					    STR_ARG(causes[j].field), STR_ARG(causes[j].message));
		assert_string_equal(text.s, rows[i][1]);
	}
}

static void custom(void **state)
{
	struct value v = read("{'metadata':{'name':'a','x':1},'spec':{'o':{'a':'q','zz':1},'p':{'k':{'z':'1','y':2},'r':1},"
			      "'lm':[{'name':'n','port':1}],'s':null}}");

	(void)state;
	v = schema_prune(&keep, thing(), v, NULL, NULL);
	same(schema_default(&keep, thing(), v),
	     "{'metadata':{'name':'a'},'spec':{'o':{'a':'q','d':'dd'},'p':{'k':{'z':'1'},'r':1},"
	     "'lm':[{'name':'n','port':1,'proto':'TCP'}]}}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(table, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(normal, setup, teardown),
		cmocka_unit_test_setup_teardown(decode, setup, teardown),
		cmocka_unit_test_setup_teardown(rules, setup, teardown),
		cmocka_unit_test_setup_teardown(custom, setup, teardown),
	};

	return cmocka_run_group_tests_name("kube/schema", tests, NULL, NULL);
}
