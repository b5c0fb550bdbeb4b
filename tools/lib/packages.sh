# Debian packages by need.

packages_build=(
	gcc g++ meson ninja-build pkg-config git ca-certificates
	libgit2-dev libyaml-dev libcurl4-openssl-dev libjansson-dev libuv1-dev libre2-dev
	libmicrohttpd-dev libarchive-dev libsqlite3-dev libssl-dev libjq-dev liblua5.4-dev
	zlib1g-dev libcmocka-dev
)
packages_git_http=(git nginx-light fcgiwrap python3)
packages_test=(clang libclang-rt-dev openssh-server jq curl python3-venv openssh-client procps)

# A package counts as there when it, or one that provides it, is installed.
packages_missing() {
	local -A have=()
	local name
	while read -r name; do
		have[$name]=yes
	done < <(dpkg-query -W -f='${db:Status-Status} ${Package}, ${Provides}\n' 2>/dev/null |
		sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/ .*//; /^$/d')
	# Any build of nginx will do.
	[ -x /usr/sbin/nginx ] && have[nginx-light]=yes
	for name in "$@"; do
		[ -n "${have[$name]:-}" ] || echo "$name"
	done
}

packages_need() {
	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian system; what this needs is there or not: $*"
		return
	fi
	local wanted
	mapfile -t wanted < <(packages_missing "$@")
	[ ${#wanted[@]} -gt 0 ] || return 0
	may_install "Debian packages: ${wanted[*]}" || return 0
	locked packages_install "${wanted[@]}"
}

# nginx and fcgiwrap would start as services; RUNLEVEL=1 keeps invoke-rc.d from it.
packages_install() {
	say "installing $*"
	local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=900)
	local log="$cache/apt.log"
	as_root "${apt[@]}" update >"$log" 2>&1 || say "apt-get update failed, going on with the lists there are (see $log)"
	as_root "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1 ||
		fail "apt-get could not install $*: $(tail -n 3 "$log")"
}
