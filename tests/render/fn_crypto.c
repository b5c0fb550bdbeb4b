/*
 * Digests, encodings, passwords, keys, certificates.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"sha1sum \"a\"", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
	{"sha256sum \"a\"", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
	{"sha512sum \"\"",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
	{"adler32sum \"abc\"", "38600999"},
	{"adler32sum \"a\"", "6422626"},
	{"b64enc \"hello\"", "aGVsbG8="},
	{"b64enc \"he\"", "aGU="},
	{"b64enc \"\"", ""},
	{"b64dec \"aGVsbG8=\"", "hello"},
	{"b64dec \"!!\"", "illegal base64 data at input byte 0"},
	{"b64dec \"YQ\"", "illegal base64 data at input byte 0"},
	{"b64dec \"YQ=\"", "illegal base64 data at input byte 3"},
	{"b64dec \"YQ==x\"", "illegal base64 data at input byte 4"},
	{"b64dec \"Y\\nQ=\\r\\n=\"", "a"},
	{"b64dec \"YQ==YQ==\"", "illegal base64 data at input byte 4"},
	{"b64dec \"Y\"", "illegal base64 data at input byte 0"},
	{"b64dec \"=YQ=\"", "illegal base64 data at input byte 0"},
	{"b64dec \"YWJj\"", "abc"},
	{"b64dec \"YWJj\303\251\"", "illegal base64 data at input byte 4"},
	{"b32enc \"hello world\"", "NBSWY3DPEB3W64TMMQ======"},
	{"b32enc \"a\"", "ME======"},
	{"b32dec \"ME======\"", "a"},
	{"b32dec \"!!\"", "illegal base32 data at input byte 0"},
	{"b32dec \"ME\"", "illegal base32 data at input byte 0"},
	{"b32dec \"NBSWY3DPEB3W64TMMQ======\"", "hello world"},
	{"b32dec \"ME=====\"", "illegal base32 data at input byte 7"},
	{"b32dec \"me======\"", "illegal base32 data at input byte 0"},
	{"derivePassword 1 \"long\" \"password\" \"user\" \"example.com\"", "ZedaFaxcZaso9*"},
	{"derivePassword 1 \"maximum\" \"password\" \"user\" \"example.com\"",
		"pf4zS1LjCg&LjhsZ7T2~"},
	{"derivePassword 2 \"medium\" \"password\" \"user\" \"example.com\"", "Fov2-Jal"},
	{"derivePassword 1 \"short\" \"password\" \"user\" \"example.com\"", "Zed5"},
	{"derivePassword 1 \"basic\" \"password\" \"user\" \"example.com\"", "pIS54PLs"},
	{"derivePassword 1 \"pin\" \"password\" \"user\" \"example.com\"", "6685"},
	{"derivePassword 1 \"zz\" \"password\" \"user\" \"example.com\"",
		"cannot find password template zz"},
	{"htpasswd \"a:b\" \"c\"", "invalid username: a:b"},
	{"bcrypt \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
		"failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"},
	{"htpasswd \"a\" \"b\" | len", "62"},
	{"htpasswd \"a\" \"b\" | trunc 9", "a:$2a$10$"},
	{"encryptAES \"secret\" \"text\" | decryptAES \"secret\"", "text"},
	{"encryptAES \"a\" \"\" | toJson", "\"\""},
	{"decryptAES \"a\" \"\"", ""},
	{"decryptAES \"a\" \"b\"", "!decryptAES: illegal base64 data at input byte 0"},
	{"decryptAES \"a\" \"YWJj\"",
		"!decryptAES: runtime error: slice bounds out of range [:16] with capacity 3"},
	{"decryptAES \"a\" \"MDEyMzQ1Njc4OWFiY2RlZg==\"",
		"!decryptAES: runtime error: index out of range [-1]"},
	{"decryptAES \"a\" \"MDEyMzQ1Njc4OWFiY2RlZjA=\"",
		"!decryptAES: crypto/cipher: input not full blocks"},
	{"decryptAES \"secretkey\" \"30tEfhuJSVRhpG97XCuWgz2okj7L8vQ1s6V9zVUPeDQ=\"", "plaintext"},
	{"genPrivateKey \"x\"", "Unknown type x"},
	{"genPrivateKey \"ecdsa\" | trunc 30", "-----BEGIN EC PRIVATE KEY-----"},
	{"genPrivateKey \"ed25519\" | trunc 27", "-----BEGIN PRIVATE KEY-----"},
	{"genCA \"x\" 3 | typeOf", "sprig.certificate"},
	{"(genCA \"x\" 3).Cert | trunc 27", "-----BEGIN CERTIFICATE-----"},
	{"genCAWithKey \"x\" 3 \"junk\"",
		"!genCAWithKey: parsing private key: no PEM data in input"},
	{"genCAWithKey \"x\" 3 \"-----BEGIN CERTIFICATE-----\\nYQ==\\n-----END CERTIFICATE-----\\n\"",
		"!genCAWithKey: parsing private key: no private key data in PEM block of type CERTIFICATE"},
	{"genCAWithKey \"x\" 3 \"-----BEGIN FOO PRIVATE KEY-----\\nYQ==\\n-----END FOO PRIVATE KEY-----\\n\"",
		"!genCAWithKey: parsing private key: invalid private key type FOO PRIVATE KEY"},
	{"(genCAWithKey \"x\" 3 (genPrivateKey \"ecdsa\")).Key | trunc 30",
		"-----BEGIN EC PRIVATE KEY-----"},
	{"genSignedCert \"a\" (list 1) nil 3 (genCA \"x\" 3)",
		"!genSignedCert: error parsing ip: 1 is not a string"},
	{"genSignedCert \"a\" (list \"zz\") nil 3 (genCA \"x\" 3)",
		"!genSignedCert: error parsing ip: zz"},
	{"genSignedCert \"a\" nil (list 1) 3 (genCA \"x\" 3)",
		"!genSignedCert: error processing alternate dns name: 1 is not a string"},
	{"(genSignedCert \"a\" (list \"1.2.3.4\" \"::1\") (list \"b.c\") 3 (genCA \"x\" 3)).Key | trunc 31",
		"-----BEGIN RSA PRIVATE KEY-----"},
	{"buildCustomCert \"!\" \"a\"", "!buildCustomCert: unable to decode base64 certificate"},
	{"buildCustomCert \"YQ==\" \"!\"", "!buildCustomCert: unable to decode base64 private key"},
	{"buildCustomCert \"YQ==\" \"YQ==\"", "!buildCustomCert: unable to decode certificate"},
	{"randAlphaNum 5 | len", "5"},
	{"randAlpha -1", ""},
	{"randNumeric 3 | len", "3"},
	{"randAscii 7 | len", "7"},
	{"randBytes 4 | len", "8"},
	{"randBytes -1", "!randBytes: runtime error: makeslice: len out of range"},
	{"randInt 5 6", "5"},
	{"randInt 5 5", "!randInt: invalid argument to Intn"},
	{"shuffle \"aaa\"", "aaa"},
	{"uuidv4 | len", "36"},
	{"randAlphaNum 100000000000",
		"!randAlphaNum: the text made by one function call is larger than 33554432 bytes"},
	{"randBytes 100000000000",
		"!randBytes: the text made by one function call is larger than 33554432 bytes"},
	{"{{ range until 200 }}{{ $k := genPrivateKey \"ecdsa\" }}{{ end }}",
		"!genPrivateKey: the render makes too many keys or password hashes, or takes too long"},
};

static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(fn_rows_bad(rows), 0);
}

/* The same seed gives the same text, another seed another, no seed ever another. */
static void test_seed(void **state)
{
	static const char source[] = "{{ randAlphaNum 20 }} {{ uuidv4 }} {{ randInt 0 1000000 }} "
				     "{{ shuffle \"abcdefghij\" }} {{ randBytes 8 }}";
	char first[4096];

	(void)state;
	strcpy(first, fn_render(source, 1));
	assert_true(first[0] != '!');
	assert_string_equal(first, fn_render(source, 1));
	assert_string_not_equal(first, fn_render(source, 2));
	strcpy(first, fn_render(source, 0));
	assert_string_not_equal(first, fn_render(source, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
