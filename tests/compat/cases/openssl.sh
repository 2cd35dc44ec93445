# shellcheck shell=bash disable=SC2034
case_program="openssl"
case_exercises="speed -multi 2, enc round trips, digests, RSA, EC and Ed25519 keys, signatures, CMS, a generated CA, s_server and s_client over loopback (TLS 1.2 and 1.3, client certificate)"
case_needs=(openssl:openssl)
case_timeout=90

# Keys are made natively once: they are random, and what is signed with them is compared.
prepare() {
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
    openssl genpkey -algorithm ED25519 -out ed.key
    openssl req -x509 -new -key rsa.key -days 3650 -subj '/CN=127.0.0.1' -addext 'subjectAltName=IP:127.0.0.1' -out rsa.crt
}

work() {
    local cipher digest port version prime
    seq 1 200000 >plain
    for cipher in aes-256-cbc aes-128-ctr chacha20 camellia-192-ofb; do
        under openssl enc "-$cipher" -pbkdf2 -S 0102030405060708 -pass pass:word -in plain -out "result/$cipher"
        under openssl enc -d "-$cipher" -pbkdf2 -S 0102030405060708 -pass pass:word -in "result/$cipher" | cmp - plain && printf '%s back\n' "$cipher"
    done
    for digest in md5 sha1 sha256 sha512 sha3-256 blake2b512; do
        under openssl dgst "-$digest" plain
    done
    under openssl dgst -sha256 -hmac key plain
    under openssl dgst -sha256 -sign "$PREPARED/rsa.key" -out result/rsa.sig plain
    under openssl dgst -sha256 -prverify "$PREPARED/rsa.key" -signature result/rsa.sig plain
    under openssl pkeyutl -sign -inkey "$PREPARED/ed.key" -rawin -in plain | base64 -w0
    printf '\n'
    under openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | under openssl pkey -noout -check
    prime=$(under openssl prime -generate -bits 256)
    under openssl prime "$prime" | grep -c "is prime"
    under openssl rand -hex 32 | wc -c
    under openssl x509 -in "$PREPARED/rsa.crt" -noout -fingerprint -sha256
    under openssl verify -CAfile "$PREPARED/rsa.crt" "$PREPARED/rsa.crt" | sed 's|.*/||'
    under openssl cms -encrypt -aes256 -in plain -binary "$PREPARED/rsa.crt" |
        under openssl cms -decrypt -inkey "$PREPARED/rsa.key" -binary | cmp - plain && printf 'cms back\n'

    # speed prints rates; what is compared is that both children reported for each size.
    under openssl speed -multi 2 -elapsed -seconds 1 -bytes 1024 sha256 aes-128-cbc >speed.log 2>speed.err
    sed -nE 's/^(sha256|aes-128-cbc) +[0-9.]+k$/\1 measured/p' speed.log
    grep -c '^Got:' speed.log

    for version in tls1_2 tls1_3; do
        port=$(free_port)
        start "server.$version" openssl s_server -accept "127.0.0.1:$port" -key "$PREPARED/rsa.key" \
            -cert "$PREPARED/rsa.crt" -CAfile "$PREPARED/rsa.crt" -verify 1 -"$version" -rev -quiet
        wait_until 60 port_answers "$port"
        # The server returns each line reversed, until it is asked to close.
        (
            printf 'reverse this\n'
            seq 1 2000
            printf 'CLOSE\n'
        ) | under openssl s_client -connect "127.0.0.1:$port" -CAfile "$PREPARED/rsa.crt" \
            -cert "$PREPARED/rsa.crt" -key "$PREPARED/rsa.key" -verify_return_error -quiet 2>"client.$version" >"answer.$version" || true
        head -n 1 "answer.$version"
        wc -l <"answer.$version"
        grep -c 'verify return:1' "client.$version"
        stop "$started_pid" TERM
    done
}
