// WooCommerce's own client for JavaScript, unchanged: does the calls of a plan, and tells what came of
// each.
//
// The plan comes as JSON on standard input; a line of JSON a call goes to standard output. Never: a
// setting that no app would have, or verification turned off.

const { readFileSync } = require('node:fs')
const WooCommerceRestApi = require('@woocommerce/woocommerce-rest-api').default

async function answer(plan, call) {
  const api = new WooCommerceRestApi({
    url: plan.url,
    consumerKey: call.key,
    consumerSecret: call.secret,
    queryStringAuth: plan.query,
    timeout: 30_000,
  })
  const body = call.data === null ? [] : [call.data]
  const response = await api[call.method](call.endpoint, ...body, call.params).catch((error) => {
    if (!error.response) throw error
    return error.response // refused, not failed
  })
  return { status: response.status, body: response.data }
}

async function main() {
  const plan = JSON.parse(readFileSync(0, 'utf8'))
  for (const call of plan.calls) {
    const said = await answer(plan, call).catch((error) => ({ error: `${error.code} ${error}` }))
    console.log(JSON.stringify(said))
  }
}

main()
