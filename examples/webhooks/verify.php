<?php
// Takes Edgepost's webhooks and verifies their signatures. PHP 8 or later, nothing to install:
// WEBHOOK_SECRET=whsec_… php -S 0.0.0.0:3000 verify.php

const TOLERANCE_SECONDS = 300;

/** $body is the exact body, before anything parsed it. */
function verify(string $secret, array $server, string $body): bool
{
    $id = $server['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(str_replace('whsec_', '', $secret));
    $hmac = hash_hmac('sha256', "$id.$timestamp.$body", $key, true);
    $expected = 'v1,' . base64_encode($hmac);
    // While a secret rotates there are two signatures; one that fits is enough.
    foreach (explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
$isGood = verify(getenv('WEBHOOK_SECRET'), $_SERVER, $body);
if ($isGood) {
    // It may come twice: remember the webhook-id of what was done already.
    $event = json_decode($body, true);
    error_log($_SERVER['HTTP_WEBHOOK_ID'] . ' ' . $event['event']);
}
http_response_code($isGood ? 204 : 400);
