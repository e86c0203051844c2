// Stripe's own client against the stand-in: node stripe.mjs URL KEY WEBHOOK_SECRET. Prints one line of JSON, or fails.
import assert from 'node:assert/strict';
import Stripe from 'stripe';

const [url, key, secret] = process.argv.slice(2);
const at = new URL(url);
const stripe = new Stripe(key, { host: at.hostname, port: Number(at.port), protocol: 'http', maxNetworkRetries: 0, telemetry: false });
const poke = async path => assert.ok((await fetch(url + path, { method: 'POST' })).ok, path);
const refused = async (work, status, code) => {
  const error = await work.then(() => assert.fail('It was not refused.'), e => e);
  assert.ok(error instanceof Stripe.errors.StripeError, `${error}`);
  assert.deepEqual([error.statusCode, error.code], [status, code]);
};

const account = await stripe.accounts.create({
  country: 'CH',
  email: 'organiser@people.example',
  controller: { fees: { payer: 'application' }, losses: { payments: 'application' }, stripe_dashboard: { type: 'express' } },
  capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
});
assert.match(account.id, /^acct_/);
assert.equal(account.charges_enabled, false);
const link = await stripe.accountLinks.create({ account: account.id, type: 'account_onboarding', return_url: 'https://events.example/a', refresh_url: 'https://events.example/a' });
assert.equal(link.object, 'account_link');

const wanted = {
  mode: 'payment',
  client_reference_id: 'order-1',
  success_url: 'https://events.example/orders/1',
  expires_at: Math.floor(Date.now() / 1000) + 31 * 60,
  allowed_payment_method_types: ['card'],
  line_items: [{ quantity: 2, price_data: { currency: 'chf', unit_amount: 1250, product_data: { name: 'Fair' } } }],
  payment_intent_data: { on_behalf_of: account.id, transfer_data: { destination: account.id } },
  metadata: { events_order: 'order-1' },
};
await refused(stripe.checkout.sessions.create(wanted), 400, 'insufficient_capabilities_for_transfer');
await poke(`/test/enable/${account.id}`);
assert.equal((await stripe.accounts.retrieve(account.id)).charges_enabled, true);
await refused(stripe.checkout.sessions.create({ ...wanted, payment_method_types: ['card'] }), 400, 'parameter_unknown');
await refused(stripe.checkout.sessions.create({ ...wanted, expires_at: Math.floor(Date.now() / 1000) + 60 }), 400, undefined);

const once = { idempotencyKey: 'node-session-1' };
const session = await stripe.checkout.sessions.create(wanted, once);
const again = await stripe.checkout.sessions.create(wanted, once);
assert.equal(again.id, session.id);
assert.deepEqual([session.status, session.payment_status, session.amount_total, session.currency], ['open', 'unpaid', 2500, 'chf']);
const changed = await stripe.checkout.sessions.create({ ...wanted, customer_email: 'other@people.example' }, once).then(() => null, e => e);
assert.ok(changed instanceof Stripe.errors.StripeIdempotencyError);
assert.equal((await stripe.checkout.sessions.retrieve(session.id)).url, session.url);

await poke(`/test/pay/${session.id}`);
const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] });
assert.deepEqual([paid.status, paid.payment_status, paid.payment_intent.latest_charge.amount], ['complete', 'paid', 2500]);
await refused(stripe.checkout.sessions.expire(session.id), 400, undefined);

const refund = await stripe.refunds.create({ payment_intent: paid.payment_intent.id, reverse_transfer: true });
assert.deepEqual([refund.status, refund.amount], ['succeeded', 2500]);
await refused(stripe.refunds.create({ payment_intent: paid.payment_intent.id }), 400, 'charge_already_refunded');
const ended = await stripe.checkout.sessions.create({ ...wanted, client_reference_id: 'order-2' });
assert.equal((await stripe.checkout.sessions.expire(ended.id)).status, 'expired');
await refused(stripe.checkout.sessions.retrieve('cs_test_none'), 404, 'resource_missing');
const stranger = new Stripe('sk_test_wrong', { host: at.hostname, port: Number(at.port), protocol: 'http', maxNetworkRetries: 0 });
assert.ok((await stranger.accounts.retrieve(account.id).then(() => null, e => e)) instanceof Stripe.errors.StripeAuthenticationError);

const webhooks = await (await fetch(`${url}/test/webhooks`)).json();
const kinds = webhooks.map(w => stripe.webhooks.constructEvent(w.payload, w.signature, secret)).map(e => {
  assert.equal(e.object, 'event');
  return e.type;
});
assert.throws(() => stripe.webhooks.constructEvent(webhooks[0].payload + ' ', webhooks[0].signature, secret), Stripe.errors.StripeSignatureVerificationError);

// What the client itself signs, for the platform's own check of signatures.
const payload = JSON.stringify({ id: 'evt_node', object: 'event' });
console.log(JSON.stringify({ version: Stripe.API_VERSION ?? stripe.getApiField?.('version'), kinds, payload, signature: stripe.webhooks.generateTestHeaderString({ payload, secret }) }));
