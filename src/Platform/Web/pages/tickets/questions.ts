/** Which questions a ticket is asked, and what is sent of the answers: the same rules as the server's, so that nobody is surprised. */
import type { Answer, Answers, Question } from '../../sdk/event';

const says = (answer: Answer | undefined, wanted: string): boolean => {
  if (typeof answer === 'boolean') return wanted === (answer ? 'yes' : 'no');
  if (Array.isArray(answer)) return answer.includes(wanted);
  return answer === wanted;
};

export function isEmpty(answer: Answer | undefined): boolean {
  return answer === undefined || (typeof answer === 'string' ? answer.trim() === '' : Array.isArray(answer) && answer.length === 0);
}

/** In their order; one that depends on another is shown when that one is shown and answered so. */
export function shownQuestions(questions: readonly Question[], ticketTypeId: string, answers: Answers): Question[] {
  const shown = new Set<string>();
  return questions.filter((question) => {
    if (question.ticketTypeId !== null && question.ticketTypeId !== ticketTypeId) return false;
    const { shownIf } = question;
    if (shownIf && !(shown.has(shownIf.questionId) && says(answers[shownIf.questionId], shownIf.answer))) return false;
    shown.add(question.id);
    return true;
  });
}

/** Answers to what is shown; what was answered before a question went away is left out. */
export function sentAnswers(questions: readonly Question[], ticketTypeId: string, answers: Answers): Answers {
  const sent: Answers = {};
  for (const { id } of shownQuestions(questions, ticketTypeId, answers)) {
    const answer = answers[id];
    if (answer !== undefined && !isEmpty(answer)) sent[id] = answer;
  }
  return sent;
}
