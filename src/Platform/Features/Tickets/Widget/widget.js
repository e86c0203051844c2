// The ticket sale in a frame. Text from the server is set as text, never as markup.
const { event: eventId, page, background, foreground, logo } = document.body.dataset;
const sale = document.getElementById('sale');
if (background && foreground) {
  document.body.style.setProperty('--brand', background);
  document.body.style.setProperty('--on-brand', foreground);
}
if (logo) {
  document.querySelector('main').prepend(Object.assign(document.createElement('img'), { src: logo, alt: '', className: 'logo' }));
}
const money = (minor, currency) => {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
};

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// Of the body: the document is never lower than its frame, and would keep it from shrinking.
const tellHeight = () => parent.postMessage({ kind: 'events-height', height: document.body.getBoundingClientRect().height }, '*');
new ResizeObserver(tellHeight).observe(document.body);

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');

const show = (...children) => sale.replaceChildren(...children);
const elsewhere = text => make('a', { className: 'button', href: page, target: '_blank', rel: 'noopener', textContent: text });

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: 'omit', ...options });
  } catch {
    throw Object.assign(new Error('There is no connection at the moment. Try again.'), { again: true });
  }

  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw Object.assign(new Error(body.detail || 'Something went wrong. Try again.'), { code: body.code, again: response.status >= 500 });
  }

  return body;
}

/** One question as a field, and how to read its answer; undefined when it is left out. */
function field(question) {
  const label = question.label + (question.required ? ' *' : '');
  if (question.kind === 'choices') {
    const boxes = question.options.map(option => make('input', { type: 'checkbox', value: option }));
    const group = make('fieldset', {}, make('legend', { textContent: label }), ...boxes.map(box => make('label', { className: 'pick' }, box, make('span', { textContent: box.value }))));
    return { element: group, read: () => { const picked = boxes.filter(b => b.checked).map(b => b.value); return picked.length ? picked : undefined; } };
  }

  const options = question.kind === 'yes_no' ? ['yes', 'no'] : question.options;
  const input = question.kind === 'text'
    ? make('textarea', { rows: 2, maxLength: 2000 })
    : make('select', {}, make('option', { value: '', textContent: '' }), ...options.map(o => make('option', { value: o, textContent: o })));
  const read = () => (input.value.trim() === '' ? undefined : question.kind === 'yes_no' ? input.value === 'yes' : input.value);
  return { element: make('label', { textContent: label }, input), read };
}

function questionFields(questions, chosenType) {
  const fields = questions.map(question => ({ question, ...field(question) }));
  const refresh = () => {
    const kept = new Map();
    for (const { question, element, read } of fields) {
      const earlier = question.shownIf && kept.get(question.shownIf.questionId);
      const says = [earlier].flat().map(a => (a === true ? 'yes' : a === false ? 'no' : a));
      const shown = (!question.ticketTypeId || question.ticketTypeId === chosenType()) && (!question.shownIf || says.includes(question.shownIf.answer));
      element.hidden = !shown;
      const answer = shown ? read() : undefined;
      if (answer !== undefined) {
        kept.set(question.id, answer);
      }
    }

    return Object.fromEntries(kept);
  };

  return { elements: fields.map(f => f.element), answers: refresh };
}

async function begin() {
  const offer = await ask(`/api/v1/events/${eventId}/tickets`);
  const open = offer.types.filter(t => t.available > 0);
  if (open.length === 0) {
    show(make('p', { textContent: offer.types.length ? 'Sold out.' : 'No tickets are on sale at the moment.' }), elsewhere('Go to the event'));
    return;
  }

  // A file is chosen on the event's own page, which takes it.
  if (offer.questions.some(q => q.kind === 'file')) {
    show(elsewhere('Get tickets'));
    return;
  }

  const picks = offer.types.map(type => make('input', { type: 'radio', name: 'type', value: type.id, disabled: type.available <= 0, checked: type.id === open[0].id }));
  const chosen = () => picks.find(p => p.checked).value;
  const questions = questionFields(offer.questions, chosen);
  const name = make('input', { name: 'name', autocomplete: 'name', required: true, maxLength: 200 });
  const email = make('input', { name: 'email', type: 'email', autocomplete: 'email', required: true, maxLength: 254 });
  const storing = make('input', { type: 'checkbox', name: 'storing', required: Boolean(offer.consent) });
  const sharing = make('input', { type: 'checkbox', name: 'sharing' });
  const problem = make('p', { className: 'problem', role: 'alert' });
  const button = make('button', { type: 'submit', textContent: 'Get the ticket' });
  const form = make('form', {},
    make('fieldset', {}, make('legend', { textContent: 'Ticket' }), ...offer.types.map((type, i) => make('label', { className: 'pick' }, picks[i],
      make('span', { textContent: type.name }),
      make('small', { textContent: type.available <= 0 ? 'sold out' : type.priceMinor > 0 ? money(type.priceMinor, type.currency) : 'free' })))),
    make('label', { textContent: 'Name' }, name),
    make('label', { textContent: 'E-mail' }, email),
    ...questions.elements,
    ...(offer.consent ? [make('label', { className: 'pick' }, storing, make('span', { textContent: offer.consent.storing }))] : []),
    ...(offer.consent?.sharing ? [make('label', { className: 'pick' }, sharing, make('span', { textContent: offer.consent.sharing }))] : []),
    problem, button);
  form.addEventListener('input', questions.answers);

  // The same key for the same form: a double click or a lost answer is one order.
  let key = newKey();
  form.addEventListener('change', () => { key = newKey(); });
  form.addEventListener('submit', async submitted => {
    submitted.preventDefault();
    button.disabled = true;
    problem.textContent = '';
    try {
      const order = await ask(`/api/v1/events/${eventId}/orders`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
        body: JSON.stringify({
          email: email.value,
          name: name.value,
          tickets: [{ ticketTypeId: chosen(), answers: questions.answers() }],
          consent: { version: offer.consent?.version ?? null, storing: offer.consent ? storing.checked : true, sharing: sharing.checked },
        }),
      });
      await follow(order, order.key);
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
      if (!error.again) {
        key = newKey();
      }
    }
  });
  questions.answers();
  show(form);
}

/** Shows where the order is, until it has come to an end. */
async function follow(order, key) {
  if (order.state === 'confirmed') {
    show(make('p', { textContent: `You are in. The ticket is on its way to ${order.email}.` }));
    return;
  }

  if (order.state !== 'pending') {
    show(make('p', { textContent: 'The time for paying has run out.' }), make('button', { type: 'button', textContent: 'Start again', onclick: begin }));
    return;
  }

  if (order.checkoutUrl && !sale.querySelector('a[data-checkout]')) {
    const pay = make('a', { className: 'button', href: order.checkoutUrl, target: '_blank', rel: 'noopener', textContent: `Pay ${money(order.totalMinor, order.currency)}` });
    pay.dataset.checkout = '';
    show(make('p', { textContent: 'The ticket is kept for you for 15 minutes.' }), pay);
  }

  await new Promise(done => setTimeout(done, 3000));
  const now = await ask(`/api/v1/orders/${order.id}`, { headers: { 'X-Order-Key': key } }).catch(() => order);
  await follow(now, key);
}

begin().catch(error => show(make('p', { className: 'problem', textContent: error.message }), elsewhere('Go to the event')));
