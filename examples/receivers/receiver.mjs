// A whole app that connects to a store through AppGrant. Node.js 18 or later, no packages.
//
//     STORE_URL=https://shop.example APP_URL=https://app.example PORT=8000 node receiver.mjs
//
// It listens on 127.0.0.1 without TLS: the proxy in front of it answers at APP_URL, with TLS.
import { createPublicKey, randomBytes, verify } from "node:crypto";
import { createServer } from "node:http";

const STORE_URL = process.env.STORE_URL.replace(/\/+$/, ""); // yours to know: never take it out of a callback
const APP_URL = process.env.APP_URL.replace(/\/+$/, "");
const USER_ID = "4711"; // who is logged in to your app

const connections = new Map(); // YOUR DATABASE: state (unique) -> who began it and, later, the keys. Encrypt secrets.
const taken = new Set(); // YOUR DATABASE: every webhook-id (unique) whose keys were stored

let publicKeys = [];
let [fetchedAt, askedAt] = [-Infinity, -Infinity];
let asking;

/** The store's public keys; asks for them if our copy is more than `maxAge` seconds old. */
async function storeKeys(maxAge) {
  const now = performance.now() / 1000;
  if (now - fetchedAt > maxAge && now - askedAt > 60) {
    askedAt = now;
    asking = askStore()
      .then((keys) => { [publicKeys, fetchedAt] = [keys, now]; })
      // Whatever it is, our copy still serves.
      .catch((error) => console.error("the store's public keys cannot be read:", error.message));
  }
  await asking;
  // But not for long: a key that leaked is gone from the store, and must go from here.
  return now - fetchedAt <= 300 ? publicKeys : [];
}

async function askStore() {
  const url = `${STORE_URL}/.well-known/jwks.json`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
  const { keys } = await answer.json();
  const usable = keys.map(publicKey).filter(Boolean);
  if (usable.length === 0) throw new Error("there is no Ed25519 key");
  return usable;
}

/** Nothing if it is of another kind, which is to be passed over. */
function publicKey(jwk) {
  try {
    return jwk.crv === "Ed25519" ? createPublicKey({ key: jwk, format: "jwk" }) : null;
  } catch {
    return null;
  }
}

/** Whether the store signed exactly this body, less than five minutes ago. */
async function isSigned(headers, body) {
  const { "webhook-id": id = "", "webhook-timestamp": sentAt = "" } = headers;
  // Too old to be new, or from a wrong clock: perhaps somebody sends it again.
  if (!/^[0-9]{1,12}$/.test(sentAt) || Math.abs(Date.now() / 1000 - Number(sentAt)) > 300) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), body]);
  const signatures = (headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((text) => text.startsWith("v1a,"))
    .map((text) => Buffer.from(text.slice(4), "base64"));
  if (signatures.length === 0) return false;
  // Keys may be five minutes old. If none fits, the store may have a new one: ask, once a minute.
  for (const maxAge of [300, 60]) {
    const keys = await storeKeys(maxAge);
    const fits = (signature) => keys.some((key) => verify(null, signed, key, signature));
    if (signatures.some(fits)) return true;
  }
  return false;
}

/** The person begins: remember a secret mark, and send the browser to the store. */
function connect() {
  const state = randomBytes(24).toString("base64url");
  connections.set(state, { userId: USER_ID, keys: null });
  const query = new URLSearchParams({
    app_name: "My App", scope: "read", user_id: USER_ID, state,
    return_url: `${APP_URL}/return`, callback_url: `${APP_URL}/callback`,
  });
  return [302, "", { location: `${STORE_URL}/wc-auth/v1/authorize?${query}` }];
}

/** What the store says, if all that we need is there and is text. */
function keysIn(body) {
  try {
    const keys = JSON.parse(body);
    const needed = ["state", "user_id", "consumer_key", "consumer_secret"];
    return needed.every((name) => typeof keys[name] === "string") ? keys : null;
  } catch {
    return null;
  }
}

/** The store hands over the keys. */
async function takeKeys(request) {
  const chunks = []; // The raw bytes: what was parsed cannot be checked.
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= 100_000) chunks.push(chunk); // Read on: who is cut off in the middle sees no answer.
  }
  if (size > 100_000) return [413, "That is too long.\n"];
  const body = Buffer.concat(chunks);
  if (!(await isSigned(request.headers, body))) return [401, "The signature does not hold.\n"];
  const keys = keysIn(body);
  const connection = keys && connections.get(keys.state);
  if (!connection || connection.userId !== keys.user_id) {
    return [403, "Nobody here asked for these keys.\n"];
  }
  const id = request.headers["webhook-id"];
  if (!taken.has(id)) { // A repeat is no news, and no error. YOUR DATABASE: one transaction.
    taken.add(id);
    connection.keys = { key: keys.consumer_key, secret: keys.consumer_secret };
    console.log("stored the keys for user", keys.user_id);
  }
  return [204, ""];
}

/** The browser comes back. Anybody can type success=1; only the signed callback brings keys. */
function comeBack(state) {
  const connected = connections.get(state)?.keys;
  return [200, connected ? "Your store is connected.\n" : "Your store is not connected: it has sent no keys.\n"];
}

async function route(request) {
  const { pathname, searchParams } = new URL(request.url, "http://app");
  switch (`${request.method} ${pathname}`) {
    case "GET /connect": return connect();
    case "POST /callback": return takeKeys(request);
    case "GET /return": return comeBack(searchParams.get("state"));
    default: return [404, "There is no such page.\n"];
  }
}

const server = createServer(async (request, response) => {
  const [status, text, headers] = await route(request).catch(() => [503, "Try again later.\n"]);
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);
});
server.listen(process.env.PORT ?? 8000, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
