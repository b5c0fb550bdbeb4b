# A Python environment for the tests: Debian's Python refuses pip outside of one.

python_packages=('pytest>=8,<10' 'pyyaml>=6,<7' 'pytest-xdist>=3,<4')

python_dir() { echo "$cache/python-$(printf '%s\n' "${python_packages[@]}" | sha256sum | cut -c1-12)"; }

python_need() {
	[ -e "$(python_dir)/ready" ] && return 0
	may_install "Python packages: ${python_packages[*]}" || return 0
	packages_need python3-venv
	locked python_install "$(python_dir)"
}

python_install() {
	[ -e "$1/ready" ] && return 0
	say "making a Python environment"
	rm -rf "$1"
	python3 -m venv "$1"
	"$1/bin/pip" install -q "${python_packages[@]}"
	touch "$1/ready"
}
