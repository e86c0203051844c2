import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail, OnSale, Question, QuestionKind } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, CheckField, Form, SelectField, TextField } from '../../../ui/forms';
import { Button } from '../../../ui/parts';
import { EditButton } from './EditButton';
import { RemoveButton } from './RemoveButton';
import { save } from './save';

const kinds: Record<QuestionKind, string> = { text: 'Text', choice: 'One of several', choices: 'Any of several', yes_no: 'Yes or no', file: 'A file' };

export function QuestionsPanel({ event, onSale, changed }: { event: EventDetail; onSale: OnSale; changed: () => void }) {
  const [writing, setWriting] = useState<Question | 'new' | null>(null);
  return (
    <section className="panel" aria-labelledby="questions">
      <div className="panel__head">
        <div>
          <h2 id="questions">Questions</h2>
          <p>Asked of each ticket’s holder when registering. A question may follow from the answer to another.</p>
        </div>
        <Button size="small" onClick={() => setWriting('new')} data-testid="add-question">
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
                <EditButton name={question.label} edit={() => setWriting(question)} />
                <RemoveButton name={question.label} path={`/events/${event.id}/questions/${question.id}`} says="It is no longer asked. Answers that were given stay." removed={changed} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {writing && <QuestionDialog event={event} onSale={onSale} question={writing === 'new' ? null : writing} close={() => setWriting(null)} changed={changed} />}
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

function QuestionDialog({ event, onSale, question, close, changed }: { event: EventDetail; onSale: OnSale; question: Question | null; close: () => void; changed: () => void }) {
  const [kind, setKind] = useState<QuestionKind>(question?.kind ?? 'text');
  const [follows, setFollows] = useState(question?.shownIf?.questionId ?? '');
  // A question follows from one that is asked before it, and no file says anything.
  const at = onSale.questions.findIndex(({ id }) => id === question?.id);
  const earlier = (at < 0 ? onSale.questions : onSale.questions.slice(0, at)).filter((other) => other.kind !== 'file');
  const before = earlier.find(({ id }) => id === follows);
  const done = (): void => {
    close();
    changed();
  };
  const answers = before?.kind === 'yes_no' ? ['yes', 'no'] : (before?.options ?? []);
  return (
    <Dialog title={question ? 'Change the question' : 'Add a question'} close={close}>
      <Form
        submit={question ? 'Save' : 'Add'}
        testId="question-save"
        cancel={close}
        lookAgain={done}
        send={async (values) => {
          await save(`/events/${event.id}/questions`, question, {
            label: values.text('label'),
            kind,
            required: values.checked('required'),
            options: kind === 'choice' || kind === 'choices' ? values.text('options').split('\n').map((line) => line.trim()).filter(Boolean) : [],
            ticketTypeId: values.optional('ticketTypeId') ?? (onSale.types.length > 1 ? null : (question?.ticketTypeId ?? null)),
            shownIf: follows ? { questionId: follows, answer: values.text('shownIf') } : null,
          });
          done();
        }}
      >
        <TextField name="label" label="Question" maxLength={500} defaultValue={question?.label} hint={question && 'Answers that were given keep the words they were given to.'} data-testid="question-label" />
        <SelectField name="kind" label="Answer" value={kind} onChange={(change) => setKind(change.target.value as QuestionKind)} data-testid="question-kind">
          {Object.entries(kinds).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </SelectField>
        {(kind === 'choice' || kind === 'choices') && <AreaField name="options" label="Options" hint="One a line." defaultValue={question?.options.join('\n')} data-testid="question-options" />}
        {onSale.types.length > 1 && (
          <SelectField name="ticketTypeId" label="Asked of" defaultValue={question?.ticketTypeId ?? ''}>
            <option value="">Every ticket</option>
            {onSale.types.map((type) => (
              <option key={type.id} value={type.id}>
                {type.name}
              </option>
            ))}
          </SelectField>
        )}
        {earlier.length > 0 && (
          <div className="form__row">
            <SelectField name="follows" label="Shown" value={follows} onChange={(change) => setFollows(change.target.value)} data-testid="question-follows">
              <option value="">Always</option>
              {earlier.map((other) => (
                <option key={other.id} value={other.id}>
                  Depending on “{other.label}”
                </option>
              ))}
            </SelectField>
            {before &&
              (answers.length > 0 ? (
                <SelectField name="shownIf" label="When the answer is" defaultValue={question?.shownIf?.answer} data-testid="question-when">
                  {answers.map((answer) => (
                    <option key={answer}>{answer}</option>
                  ))}
                </SelectField>
              ) : (
                <TextField name="shownIf" label="When the answer is" defaultValue={question?.shownIf?.answer} />
              ))}
          </div>
        )}
        <CheckField name="required" label="An answer is required" defaultChecked={question?.required} />
      </Form>
    </Dialog>
  );
}
