# What scripts/conformance and scripts/arm-cost share; sourced with the repository as the working directory.

# need COMMAND PACKAGE: installs the Debian package when the command is missing; says nothing when all is there.
need() {
    command -v "$1" >/dev/null && return
    echo "installing $2" >&2
    local root=()
    [[ $(id -u) == 0 ]] || root=(sudo)
    if ! "${root[@]}" apt-get install -y -qq "$2" >/dev/null 2>&1; then
        "${root[@]}" apt-get update -qq >/dev/null && "${root[@]}" apt-get install -y -qq "$2" >/dev/null
    fi
}

# compile_kernels FOLDER ARCHITECTURE: Exports.cs, kernels.h and kernels-ARCHITECTURE.o, of arm64, x64 or x64v4. A
# kernel whose code throws (an intrinsic that our system module declares and the compiler does not know, or an
# instruction set that is not switched on) is an error.
compile_kernels() {
    local project=tests/Edge.Kernels.Conformance disassemble=objdump
    [[ $2 == x64* ]] || disassemble=aarch64-linux-gnu-objdump
    mkdir -p "$1"
    python3 "$project/exports.py" "$project/kernels.list" "$2" "$1"
    if ! dotnet build "$project" -v q -nologo -restore -t:Objects -p:ObjectsFolder="$1" -p:KernelArchitecture="$2" \
        >"$1/build.log" 2>&1; then
        sed -n '/error/p' "$1/build.log" | sort -u
        echo "FAIL compiling the kernels for $2; the log is $1/build.log"
        return 1
    fi
    local throwing
    throwing=$("$disassemble" -dr --no-show-raw-insn "$1/kernels-$2.o" |
        awk '/^[0-9a-f]+ <.*>:$/ { name = $2 } /(bl|call|jmp|R_X86_64).*ThrowHelpers/ { print name " throws " $NF }' |
        sort -u | sed 's/^/FAIL /')
    if [[ -n $throwing ]]; then
        echo "$throwing"
        return 1
    fi
}
