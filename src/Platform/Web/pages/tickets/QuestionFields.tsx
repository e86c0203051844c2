import { useId } from 'react';
import type { Answer, Answers, Question } from '../../sdk/event';
import { ChoiceGroup } from '../../ui/forms';
import { Select } from '../../ui/parts';
import { FileAnswer } from './FileAnswer';
import { shownQuestions } from './questions';

interface Props {
  eventId: string;
  questions: readonly Question[];
  ticketTypeId: string;
  answers: Answers;
  /** One at a time: a file's answer comes when it has been sent, and others were given meanwhile. */
  set: (questionId: string, answer: Answer) => void;
}

/** What the organiser asks of one ticket's holder; some questions follow from an answer. */
export function QuestionFields({ eventId, questions, ticketTypeId, answers, set }: Props) {
  return shownQuestions(questions, ticketTypeId, answers).map((question) => (
    <QuestionField key={question.id} eventId={eventId} question={question} answer={answers[question.id]} set={(answer) => set(question.id, answer)} />
  ));
}

function QuestionField({ eventId, question, answer, set }: { eventId: string; question: Question; answer: Answer | undefined; set: (answer: Answer) => void }) {
  const id = useId();
  const { label, kind, options, required } = question;
  if (kind === 'choices') {
    const picked = Array.isArray(answer) ? answer : [];
    return (
      <ChoiceGroup legend={label} optional={!required}>
        {options.map((option, index) => (
          <label key={option} className="choice">
            <input
              type="checkbox"
              checked={picked.includes(option)}
              required={required && picked.length === 0 && index === 0}
              onChange={(change) => set(change.target.checked ? [...picked, option] : picked.filter((other) => other !== option))}
            />
            {option}
          </label>
        ))}
      </ChoiceGroup>
    );
  }
  if (kind === 'yes_no' || (kind === 'choice' && options.length <= 4)) {
    const choices: [Answer, string][] = kind === 'yes_no' ? [[true, 'Yes'], [false, 'No']] : options.map((option) => [option, option]);
    return (
      <ChoiceGroup legend={label} optional={!required}>
        <div className="choice__row">
          {choices.map(([value, words]) => (
            <label key={words} className="choice">
              <input type="radio" name={`question.${id}`} required={required} checked={answer === value} onChange={() => set(value)} />
              {words}
            </label>
          ))}
        </div>
      </ChoiceGroup>
    );
  }
  const text = typeof answer === 'string' ? answer : '';
  if (kind === 'file') return <FileAnswer eventId={eventId} question={question} answer={text} set={set} />;
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label} {!required && <span className="field__optional">optional</span>}
      </label>
      {kind === 'choice' ? (
        <Select id={id} required={required} value={text} onChange={(change) => set(change.target.value)}>
          <option value="">Please choose</option>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      ) : (
        <input id={id} className="input" required={required} maxLength={2000} value={text} onChange={(change) => set(change.target.value)} />
      )}
    </div>
  );
}
