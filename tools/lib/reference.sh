# Helm's library and a bare loop of requests in one Go program, for tools/bench
# to compare with. Built once for each state of its sources and version of Go.

reference_path() {
	local go sources="$tiphys_root/tests/bench/reference"
	go=$(go_find) || return 1
	local key
	key=$({
		GOTOOLCHAIN=local "$go" env GOVERSION
		cd "$sources" && sha256sum -- *.go go.mod go.sum
	} | sha256sum | cut -c1-16)
	echo "$cache/reference-$key"
}

# Without it (no network, say) the benchmarks run and say what they lack.
reference_need() {
	go_need
	local path
	if path=$(reference_path) && [ ! -x "$path" ]; then
		may_install "the references of tools/bench (a build of a minute)" || return 0
		locked reference_install "$path" || say "the references of tools/bench do not build: $(tail -n 1 "$cache/reference.log")"
	fi
}

reference_install() {
	[ -x "$1" ] && return 0
	say "building the references of tools/bench (once; a minute or two)"
	(cd "$tiphys_root/tests/bench/reference" && GOTOOLCHAIN=local nice "$(go_find)" build -buildvcs=false -trimpath \
		-o "$1.partial" .) >"$cache/reference.log" 2>&1 || return 1
	find "$cache" -maxdepth 1 -name 'reference-*' ! -name '*.partial' -delete
	mv "$1.partial" "$1"
}
