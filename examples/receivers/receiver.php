<?php
// A whole app that connects to a store through AppGrant. PHP 8.2 or later, no packages.
//
//     export STORE_URL=https://shop.example APP_URL=https://app.example
//     DATA_FILE=/var/lib/my-app/data.json php -S 127.0.0.1:8000 receiver.php
//
// It listens on 127.0.0.1 without TLS: the proxy in front of it answers at APP_URL, with TLS.
// DATA_FILE holds secrets. Keep it outside of the document root: what lies inside, anybody can fetch.
declare(strict_types=1);

define('STORE_URL', rtrim(getenv('STORE_URL'), '/')); // yours to know: never take it out of a callback
define('APP_URL', rtrim(getenv('APP_URL'), '/'));
define('DATA_FILE', getenv('DATA_FILE') ?: throw new Error('set DATA_FILE, outside of the document root'));
const USER_ID = '4711'; // who is logged in to your app

/**
 * YOUR DATABASE: here a file, locked while `$work` changes its tables, which is one transaction.
 * connections: state (unique) => who began it and, later, the keys. Encrypt secrets.
 * taken: every webhook-id (unique) whose keys were stored.
 */
function database(callable $work): mixed
{
    umask(0077);
    $file = fopen(DATA_FILE, 'c+');
    flock($file, LOCK_EX);
    $tables = json_decode(stream_get_contents($file), true)
        ?? ['connections' => [], 'taken' => [], 'public_keys' => [], 'fetched_at' => 0, 'asked_at' => 0];
    $result = $work($tables);
    $text = json_encode($tables, JSON_THROW_ON_ERROR);
    ftruncate($file, 0);
    rewind($file);
    fwrite($file, $text);
    fclose($file);
    return $result;
}

/** The store's public keys, in Base64url; asks for them if our copy is more than `$max_age` seconds old. */
function store_keys(int $max_age): array
{
    $now = time();
    $due = database(function (array &$tables) use ($max_age, $now): bool {
        $due = $now - $tables['fetched_at'] > $max_age && $now - $tables['asked_at'] > 60;
        $tables['asked_at'] = $due ? $now : $tables['asked_at'];
        return $due;
    });
    $keys = $due ? ask_store() : [];
    return database(function (array &$tables) use ($keys, $now): array {
        if ($keys !== []) { // Otherwise our copy still serves.
            [$tables['public_keys'], $tables['fetched_at']] = [$keys, $now];
        }
        // But not for long: a key that leaked is gone from the store, and must go from here.
        return $now - $tables['fetched_at'] <= 300 ? $tables['public_keys'] : [];
    });
}

/** Nothing if the store does not answer, or with something else. Keys of another kind are passed over. */
function ask_store(): array
{
    $context = stream_context_create(['http' => ['timeout' => 5]]);
    $answer = @file_get_contents(STORE_URL . '/.well-known/jwks.json', false, $context);
    $jwks = json_decode($answer ?: '', true)['keys'] ?? null;
    return array_column(array_filter(is_array($jwks) ? $jwks : [], is_public_key(...)), 'x');
}

function is_public_key(mixed $jwk): bool
{
    return is_array($jwk) && ($jwk['crv'] ?? '') === 'Ed25519'
        && is_string($jwk['x'] ?? null) && preg_match('/\A[\w-]{43}\z/', $jwk['x']);
}

function fits(string $key, string $signature, string $signed): bool
{
    try {
        $key = sodium_base642bin($key, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
        $signature = sodium_base642bin($signature, SODIUM_BASE64_VARIANT_ORIGINAL);
        return sodium_crypto_sign_verify_detached($signature, $signed, $key);
    } catch (SodiumException) { // not Base64, or not of the right length
        return false;
    }
}

/** Whether the store signed exactly this body, less than five minutes ago. */
function is_signed(string $id, string $body): bool
{
    $sent_at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!preg_match('/\A[0-9]{1,12}\z/', $sent_at) || abs(time() - (int) $sent_at) > 300) {
        return false; // Too old to be new, or from a wrong clock: perhaps somebody sends it again.
    }
    $signatures = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    $signatures = array_filter($signatures, fn ($text) => str_starts_with($text, 'v1a,'));
    if ($signatures === []) {
        return false;
    }
    // Keys may be five minutes old. If none fits, the store may have a new one: ask, once a minute.
    foreach ([300, 60] as $max_age) {
        foreach (store_keys($max_age) as $key) {
            foreach ($signatures as $signature) {
                if (fits($key, substr($signature, 4), "$id.$sent_at.$body")) {
                    return true;
                }
            }
        }
    }
    return false;
}

/** The person begins: remember a secret mark, and send the browser to the store. */
function connect(): void
{
    $state = bin2hex(random_bytes(24));
    database(function (array &$tables) use ($state): void {
        $tables['connections'][$state] = ['user_id' => USER_ID, 'keys' => null];
    });
    $query = http_build_query([
        'app_name' => 'My App', 'scope' => 'read', 'user_id' => USER_ID, 'state' => $state,
        'return_url' => APP_URL . '/return', 'callback_url' => APP_URL . '/callback',
    ], '', '&', PHP_QUERY_RFC3986);
    header('Location: ' . STORE_URL . "/wc-auth/v1/authorize?$query", true, 302);
}

/** What the store says, if all that we need is there and is text. */
function keys_in(string $body): ?array
{
    $keys = json_decode($body, true);
    foreach (['state', 'user_id', 'consumer_key', 'consumer_secret'] as $name) {
        if (!is_array($keys) || !is_string($keys[$name] ?? null)) {
            return null;
        }
    }
    return $keys;
}

/** The store hands over the keys. */
function take_keys(): int
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    // The raw bytes: what was parsed cannot be checked.
    $body = file_get_contents('php://input', false, null, 0, 100_000);
    if (!is_signed($id, $body)) {
        return 401;
    }
    $keys = keys_in($body);
    return database(function (array &$tables) use ($id, $keys): int {
        $state = $keys['state'] ?? '';
        $connection = $tables['connections'][$state] ?? null;
        if (!$keys || !$connection || $connection['user_id'] !== $keys['user_id']) {
            return 403; // Nobody here asked for these keys.
        }
        if (!isset($tables['taken'][$id])) { // A repeat is no news, and no error.
            $tables['taken'][$id] = true;
            $pair = [$keys['consumer_key'], $keys['consumer_secret']];
            $tables['connections'][$state]['keys'] = $pair;
            error_log("stored the keys for user {$keys['user_id']}");
        }
        return 204;
    });
}

/** The browser comes back. Anybody can type success=1; only the signed callback brings keys. */
function come_back(string $state): string
{
    $keys = database(fn (array $tables) => $tables['connections'][$state]['keys'] ?? null);
    return $keys ? "Your store is connected.\n" : "Your store is not connected: it has sent no keys.\n";
}

header('Content-Type: text/plain');
match ($_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    'GET /connect' => connect(),
    'POST /callback' => http_response_code(take_keys()),
    'GET /return' => print come_back((string) filter_input(INPUT_GET, 'state')),
    default => http_response_code(404),
};
