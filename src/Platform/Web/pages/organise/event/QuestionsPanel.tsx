import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail, OnSale, Question, QuestionKind } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, CheckField, Form, SelectField, TextField } from '../../../ui/forms';
import { Button } from '../../../ui/parts';
import { api } from '../../account';
import { RemoveButton } from './RemoveButton';

const kinds: Record<QuestionKind, string> = { text: 'Text', choice: 'One of several', choices: 'Any of several', yes_no: 'Yes or no' };

export function QuestionsPanel({ event, onSale, changed }: { event: EventDetail; onSale: OnSale; changed: () => void }) {
  const [adding, setAdding] = useState(false);
  return (
    <section className="panel" aria-labelledby="questions">
      <div className="panel__head">
        <div>
          <h2 id="questions">Questions</h2>
          <p>Asked of each ticket’s holder when registering. A question may follow from the answer to another.</p>
        </div>
        <Button size="small" onClick={() => setAdding(true)} data-testid="add-question">
          <Plus size={16} aria-hidden="true" /> Add a question
        </Button>
      </div>
      {onSale.questions.length > 0 && (
        <ul className="list" data-testid="questions">
          {onSale.questions.map((question) => (
            <li key={question.id}>
              <div className="item">
                <strong>{question.label}</strong>
                <span>{words(question, onSale)}</span>
              </div>
              <div className="item__end">
                {question.required && <span className="badge">Required</span>}
                <RemoveButton name={question.label} path={`/events/${event.id}/questions/${question.id}`} says="It is no longer asked. Answers that were given stay." removed={changed} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {adding && <QuestionDialog event={event} onSale={onSale} close={() => setAdding(false)} changed={changed} />}
    </section>
  );
}

function words(question: Question, onSale: OnSale): string {
  const follows = onSale.questions.find(({ id }) => id === question.shownIf?.questionId);
  return [
    kinds[question.kind],
    question.options.length > 0 && question.options.join(', '),
    question.ticketTypeId && `only for ${onSale.types.find(({ id }) => id === question.ticketTypeId)?.name ?? 'one type'}`,
    follows && `when “${follows.label}” is “${question.shownIf?.answer}”`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function QuestionDialog({ event, onSale, close, changed }: { event: EventDetail; onSale: OnSale; close: () => void; changed: () => void }) {
  const [kind, setKind] = useState<QuestionKind>('text');
  const [follows, setFollows] = useState('');
  const before = onSale.questions.find(({ id }) => id === follows);
  const answers = before?.kind === 'yes_no' ? ['yes', 'no'] : (before?.options ?? []);
  return (
    <Dialog title="Add a question" close={close}>
      <Form
        submit="Add"
        testId="question-save"
        cancel={close}
        send={async (values) => {
          await api.call(`/events/${event.id}/questions`, {
            method: 'POST',
            body: {
              label: values.text('label'),
              kind,
              required: values.checked('required'),
              options: kind === 'choice' || kind === 'choices' ? values.text('options').split('\n').map((line) => line.trim()).filter(Boolean) : [],
              ticketTypeId: values.optional('ticketTypeId') ?? null,
              shownIf: follows ? { questionId: follows, answer: values.text('shownIf') } : null,
            },
          });
          close();
          changed();
        }}
      >
        <TextField name="label" label="Question" maxLength={500} data-testid="question-label" />
        <SelectField name="kind" label="Answer" value={kind} onChange={(change) => setKind(change.target.value as QuestionKind)} data-testid="question-kind">
          {Object.entries(kinds).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </SelectField>
        {(kind === 'choice' || kind === 'choices') && <AreaField name="options" label="Options" hint="One a line." data-testid="question-options" />}
        {onSale.types.length > 1 && (
          <SelectField name="ticketTypeId" label="Asked of">
            <option value="">Every ticket</option>
            {onSale.types.map((type) => (
              <option key={type.id} value={type.id}>
                {type.name}
              </option>
            ))}
          </SelectField>
        )}
        {onSale.questions.length > 0 && (
          <div className="form__row">
            <SelectField name="follows" label="Shown" value={follows} onChange={(change) => setFollows(change.target.value)} data-testid="question-follows">
              <option value="">Always</option>
              {onSale.questions.map((question) => (
                <option key={question.id} value={question.id}>
                  Depending on “{question.label}”
                </option>
              ))}
            </SelectField>
            {before &&
              (answers.length > 0 ? (
                <SelectField name="shownIf" label="When the answer is" data-testid="question-when">
                  {answers.map((answer) => (
                    <option key={answer}>{answer}</option>
                  ))}
                </SelectField>
              ) : (
                <TextField name="shownIf" label="When the answer is" />
              ))}
          </div>
        )}
        <CheckField name="required" label="An answer is required" />
      </Form>
    </Dialog>
  );
}
