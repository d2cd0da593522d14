# Puts the Swift toolchain of this checkout on the PATH where scripts/toolchain has installed one and no other will do.
# Sourced by scripts that build; the current folder is the checkout.

SWIFT_VERSION=6.3.1
SWIFT_FOLDER=.toolchain/swift-$SWIFT_VERSION

# Whether the swift on the PATH is new enough: 6.3 or later.
swift_is_usable() {
    local found
    found=$(swift --version 2>/dev/null | grep -m1 -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9]+\.[0-9]+') || return 1
    printf '6.3\n%s\n' "$found" | sort --check=quiet --version-sort
}

if [ -x "$SWIFT_FOLDER/usr/bin/swift" ] && ! swift_is_usable; then
    PATH=$PWD/$SWIFT_FOLDER/usr/bin:$PATH
    export PATH
fi
