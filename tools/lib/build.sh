# Builds the program. Sourced by tools/demo, tools/test and tools/bench.
#
#   build_release   build/         optimised and hardened; the program is build/tiphys
#   build_checked   build/checked/ the same sources under ASan and UBSan, for tests

build_dir=$tiphys_root/build
checked_dir=$build_dir/checked

# build_in DIR OPTION...: configures once, then compiles what has changed.
build_in() {
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] || meson setup "$dir" "$tiphys_root" "$@" >"$dir.log" 2>&1 ||
		{ cat "$dir.log" >&2; fail "meson setup failed"; }
	ninja -C "$dir" >"$dir.log" 2>&1 || { tail -60 "$dir.log" >&2; fail "the build failed"; }
}

build_release() {
	mkdir -p "$build_dir"
	build_in "$build_dir" -Dbuildtype=release
}

build_checked() {
	mkdir -p "$build_dir"
	build_in "$checked_dir" -Db_sanitize=address,undefined -Dbuildtype=debugoptimized
}
