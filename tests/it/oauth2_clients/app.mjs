// An app of the JavaScript library `openid-client`, unchanged: finds the store's metadata, sends a person
// to the store, gets tokens, uses them, renews them, asks about them and gives them back.
//
// The plan comes as a line of JSON on standard input; each step is told as a line of JSON on standard
// output. A plan without `redirect_uri` is a native app's: it waits for the browser at an address of its
// own on this machine (RFC 8252); to others the address at which the browser came is told on standard
// input. Never: a setting that no app would have, or verification turned off.

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const library = createRequire(process.env.LIBRARIES + '/').resolve('openid-client')
const client = await import(pathToFileURL(library))

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const heard = async () => (await lines.next()).value
const tell = (step, what) => console.log(JSON.stringify({ step, ...what }))

/** Waits at an address of its own for the browser. */
async function waiting() {
  let came
  const arrival = new Promise((resolve) => (came = resolve))
  const server = createServer((request, response) => {
    response.end('You may close this window.')
    server.close()
    came(new URL(request.url, address))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${server.address().port}/done`
  return { address, arrival }
}

async function connect(config, plan) {
  const own = plan.redirect_uri ? { address: plan.redirect_uri } : await waiting()
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: own.address,
    scope: plan.scope,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  })
  tell('open', { url: url.href })
  const came = await (own.arrival ?? heard().then((line) => new URL(line)))
  return client.authorizationCodeGrant(config, came, { pkceCodeVerifier, expectedState })
}

async function call(config, plan, tokens) {
  const url = new URL(plan.api)
  const answer = await client.fetchProtectedResource(config, tokens.access_token, url, 'GET').catch((error) => {
    if (!error.response) throw error
    return error.response // refused, not failed
  })
  tell('called', { status: answer.status, body: await answer.json() })
}

/** Public apps may not ask (RFC 7662, section 2.1). */
async function introspect(config, plan, tokens) {
  if (plan.method === 'none') return
  tell('introspected', await client.tokenIntrospection(config, tokens.access_token))
}

/** What an app does in its life. */
async function live(plan) {
  const authentication = { basic: client.ClientSecretBasic, post: client.ClientSecretPost, none: client.None }
  const config = await client.discovery(
    new URL(plan.issuer),
    plan.client_id,
    undefined,
    authentication[plan.method](plan.secret),
    { algorithm: 'oauth2' },
  )
  tell('discovered', { metadata: config.serverMetadata(), pkce: config.serverMetadata().supportsPKCE() })
  const first = await connect(config, plan)
  tell('connected', { tokens: first })
  await call(config, plan, first)
  const second = await client.refreshTokenGrant(config, first.refresh_token)
  tell('refreshed', { tokens: second })
  await call(config, plan, second)
  await introspect(config, plan, second)
  await client.tokenRevocation(config, second.refresh_token)
  tell('revoked')
  await introspect(config, plan, second)
  await call(config, plan, second)
  await client.refreshTokenGrant(config, second.refresh_token)
}

const plan = JSON.parse(await heard())
try {
  await live(plan)
} catch (error) {
  const { name, code, status, error: word, error_description: description, cause } = error
  tell('failed', { name, code, status, error: word, description, why: cause?.message ?? error.message })
}
process.exit(0)
