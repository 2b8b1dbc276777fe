<?php
// Seals and opens values with PHP and Laravel: php.php LIBRARY seal|open, as python.py.

[, $library, $action] = $argv;
$words = json_decode(stream_get_contents(STDIN), true);
$secret = $words['secret'];

function laravel(string $cipher, string $secret): array
{
    require_once getenv('ILLUMINATE') . '/autoload.php';
    // as EncryptionServiceProvider reads APP_KEY
    $key = base64_decode(substr($secret, strlen('base64:')));
    $encrypter = new Illuminate\Encryption\Encrypter($key, $cipher);
    return [$encrypter->encryptString(...), $encrypter->decryptString(...)];
}

function sodium(string $secret, string $prefix, callable $encode, callable $decode): array
{
    $key = hex2bin($secret);
    $seal = function (string $plaintext) use ($key, $prefix, $encode) {
        $nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
        return $prefix . $encode($nonce, sodium_crypto_secretbox($plaintext, $nonce, $key));
    };
    $open = function (string $stored) use ($key, $prefix, $decode) {
        [$nonce, $box] = $decode(substr($stored, strlen($prefix)));
        return sodium_crypto_secretbox_open($box, $nonce, $key);
    };
    return [$seal, $open];
}

function openssl(string $secret): array
{
    $key = hex2bin($secret);
    $seal = function (string $plaintext) use ($key) {
        $iv = random_bytes(12);
        $ciphertext = openssl_encrypt($plaintext, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag);
        return base64_encode($iv . $tag . $ciphertext);
    };
    $open = function (string $stored) use ($key) {
        $raw = base64_decode($stored, true);
        [$iv, $tag, $ciphertext] = [substr($raw, 0, 12), substr($raw, 12, 16), substr($raw, 28)];
        return openssl_decrypt($ciphertext, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag);
    };
    return [$seal, $open];
}

[$seal, $open] = match ($library) {
    'laravel_cbc' => laravel('AES-256-CBC', $secret),
    'laravel_gcm' => laravel('AES-256-GCM', $secret),
    'openssl' => openssl($secret),
    'sodium' => sodium(
        $secret,
        '',
        fn ($nonce, $box) => base64_encode($nonce . $box),
        fn ($stored) => [substr(base64_decode($stored), 0, 24), substr(base64_decode($stored), 24)],
    ),
    'sodium_hex' => sodium(
        $secret,
        'ENC:v1:',
        fn ($nonce, $box) => bin2hex($nonce) . ':' . bin2hex($box),
        fn ($stored) => array_map('hex2bin', explode(':', $stored)),
    ),
};
$work = $action === 'seal' ? $seal : $open;
$results = array_map(fn ($value) => bin2hex($work(hex2bin($value))), $words['values']);
echo json_encode($results);
