# The real control plane of fixtures/control-plane, built once for each state of
# its sources and version of Go.

control_plane_path() {
	local go sources="$tiphys_root/fixtures/control-plane"
	go=$(go_find) || return 1
	local key
	key=$({
		GOTOOLCHAIN=local "$go" env GOVERSION
		cd "$sources" && find . -maxdepth 1 \( -name '*.go' ! -name '*_test.go' -o -name go.mod -o -name go.sum -o -name build \) \
			-print0 | LC_ALL=C sort -z | xargs -0 sha256sum
	} | sha256sum | cut -c1-16)
	echo "$cache/control-plane-$key"
}

control_plane_need() {
	go_need
	local path
	if path=$(control_plane_path); then
		[ -x "$path" ] && return 0
		may_install "the control plane (a build of 1 to 6 minutes)" || return 0
		locked control_plane_install "$path"
	fi
}

control_plane_install() {
	[ -x "$1" ] && return 0
	say "building the control plane (once; up to 6 minutes on two cores)"
	local log="$cache/control-plane.log"
	GO=$(go_find) GOTOOLCHAIN=local nice "$tiphys_root/fixtures/control-plane/build" "$1.partial" >"$log" 2>&1 ||
		fail "the control plane does not build: $(tail -n 3 "$log")"
	mv "$1.partial" "$1"
	# Older builds are 120 MB each; two of them stay for other clones.
	find "$cache" -maxdepth 1 -name 'control-plane-*' ! -name '*.partial' -printf '%T@ %p\n' | sort -rn |
		tail -n +4 | cut -d' ' -f2- | xargs -r rm -f
}
