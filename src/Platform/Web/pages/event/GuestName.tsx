import type { EventAccess } from '../../sdk/event';
import { Form, TextField } from '../../ui/forms';

/** A guest says a name before coming in: who only followed a link is nobody in the event yet. */
export function GuestName({ access, entered }: { access: EventAccess; entered: () => void }) {
  return (
    <section className="panel panel--accent" aria-labelledby="guest-title">
      <div className="panel__head">
        <div>
          <h2 id="guest-title">You come in as a guest</h2>
          <p>Say what others shall call you. With an account or a ticket you can sign in instead.</p>
        </div>
      </div>
      <Form
        submit="Come in"
        testId="guest-enter"
        send={async (values) => {
          await access.enter(values.text('name'));
          entered();
        }}
      >
        <TextField name="name" label="Your name" autoComplete="name" maxLength={100} data-testid="guest-name" />
      </Form>
    </section>
  );
}
