# Words to the person, a lock, and the one way to say that something is missing.

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
	say "$*"
	exit 1
}

# may_install WHAT: true when WHAT may be installed now, else it is noted.
may_install() {
	[ "$install" = yes ] && return 0
	missing+=("$1")
	return 1
}

# locked COMMAND...: two set-ups on one machine wait for each other.
locked() {
	mkdir -p "$cache"
	(
		flock 9
		"$@"
	) 9>"$cache/lock"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "need root or sudo for: $*"
	fi
}
