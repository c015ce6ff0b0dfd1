#!/bin/sh
# Makes the certificates of the tests again, by hand, with the openssl program. They are checked in so that tests need no program for
# it; all are good until 2999 but the one that is not. Their keys open nothing.
set -eu
cd "$(dirname "$0")"

far=29990101000000Z
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

sign() { # NAME EXTENSIONS NOT-BEFORE NOT-AFTER ARGUMENT...
    name=$1 extensions=$2 from=$3 until=$4
    shift 4
    : > "$work/index"
    cat > "$work/conf" <<END
[ca]
default_ca = d
[d]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
[x]
$(printf '%s' "$extensions" | tr ';' '\n')
END
    openssl ca -batch -notext -config "$work/conf" -extensions x -in "$work/csr" -startdate "$from" -enddate "$until" \
        -out "$name.crt" "$@" 2> /dev/null
}

authority() { # NAME NOT-BEFORE NOT-AFTER
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
    openssl req -new -key "$work/$1.key" -subj "/CN=Wane test authority $1" -out "$work/csr"
    sign "$1" 'basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign;subjectKeyIdentifier=hash' \
        "$2" "$3" -selfsign -keyfile "$work/$1.key"
}

server() { # NAME AUTHORITY NAMES NOT-BEFORE NOT-AFTER, its key exists
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$work/csr"
    sign "$1" "subjectAltName=$3;basicConstraints=critical,CA:FALSE;extendedKeyUsage=serverAuth" "$4" "$5" \
        -cert "$2.crt" -keyfile "$work/$2.key"
}

here=DNS:localhost,IP:127.0.0.1,IP:::1
authority ours 20240101000000Z "$far"
authority others 20240101000000Z "$far"
authority past 20240101000000Z 20250101000000Z
authority future 29980101000000Z "$far"
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out server.key
server server ours "$here" 20250101000000Z "$far"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2> /dev/null
server rsa ours "$here" 20250101000000Z "$far"
openssl genpkey -algorithm ed25519 -out ed25519.key
server ed25519 ours "$here" 20250101000000Z "$far"
openssl ecparam -name secp384r1 -genkey -noout -out p384.key
server p384 ours "$here" 20250101000000Z "$far"
# What is to be refused.
for name in elsewhere expired early; do cp server.key "$name.key"; done
server elsewhere ours DNS:elsewhere.example 20250101000000Z "$far"
server expired ours "$here" 20240101000000Z 20250101000000Z
server early ours "$here" 29980101000000Z "$far"
rm elsewhere.key expired.key early.key
