#!/bin/sh
# Makes the keys in keys/. FOR TESTS ONLY: they are public, and protect nothing.
# Made once: other keys would need other vectors (generate.py).
set -eu
cd "$(dirname "$0")/keys"
passphrase="test-only passphrase"

for bits in 1024 2047 2048 3072 4096; do
    openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits" -out "rsa$bits.pkcs8.pem"
done
key=rsa2048.pkcs8.pem
openssl pkcs8 -topk8 -nocrypt -in $key -outform DER -out rsa2048.pkcs8.der
openssl rsa -in $key -traditional -out rsa2048.pkcs1.pem
openssl rsa -in $key -traditional -outform DER -out rsa2048.pkcs1.der
openssl pkey -in $key -pubout -out rsa2048.spki.pem
openssl pkey -in $key -pubout -outform DER -out rsa2048.spki.der
openssl rsa -in $key -RSAPublicKey_out -out rsa2048.pub.pkcs1.pem
openssl rsa -in $key -RSAPublicKey_out -outform DER -out rsa2048.pub.pkcs1.der
openssl pkey -in rsa4096.pkcs8.pem -pubout -out rsa4096.spki.pem

# As OpenSSL encrypts by default, by scrypt, and in DER; then what must be refused.
openssl pkcs8 -topk8 -in $key -passout "pass:$passphrase" -out rsa2048.encrypted.pem
openssl pkcs8 -topk8 -in $key -passout "pass:$passphrase" -scrypt -out rsa2048.scrypt.pem
openssl pkcs8 -topk8 -in $key -passout "pass:$passphrase" -outform DER -out rsa2048.encrypted.der
openssl pkcs8 -topk8 -in $key -passout "pass:$passphrase" -v2 des3 -out rsa2048.des3.pem
openssl pkcs8 -topk8 -in $key -passout "pass:$passphrase" -v2 aes-256-cbc -iter 50000000 \
    -out rsa2048.costly.pem
openssl rsa -in $key -traditional -aes256 -passout "pass:$passphrase" -out rsa2048.legacy.pem

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pkcs8.pem
openssl pkcs8 -topk8 -nocrypt -in ec.pkcs8.pem -outform DER -out ec.pkcs8.der
openssl pkey -in ec.pkcs8.pem -pubout -out ec.spki.pem
openssl ec -in ec.pkcs8.pem -out ec.sec1.pem
openssl ec -in ec.pkcs8.pem -outform DER -out ec.sec1.der
openssl req -x509 -key $key -subj /CN=test-only -days 36500 -out certificate.pem
