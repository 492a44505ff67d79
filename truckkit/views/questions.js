// Questions to the server and its answers, see questions.py.

const PATIENCE = 10_000; // ms until a question is asked again
const MOST_ASKED = 3;

// Bokeh hands dictionaries over as Maps.
function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, plain(each)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

// Asks the server and waits for its answer; asks again where none comes, for a line may break.
function questions(model) {
  const view = Math.random().toString(36).slice(2), waiting = new Map();
  let asked = 0;
  const answered = (message) => {
    const { id, body, failed } = plain(message);
    const question = waiting.get(id);
    if (!question) return;
    waiting.delete(id);
    clearTimeout(question.timer);
    if (failed === undefined) question.resolve(body);
    else question.reject(new Error(failed));
  };
  model.on("msg:custom", answered);
  const ask = (what, more = {}) => new Promise((resolve, reject) => {
    const id = `${view}-${(asked += 1)}`;
    const question = { resolve, reject, timer: 0, left: MOST_ASKED };
    const send = () => {
      if (question.left === 0) {
        waiting.delete(id);
        reject(new Error("The server does not answer; see whether it still runs, then load the page again."));
        return;
      }
      question.left -= 1;
      question.timer = setTimeout(send, PATIENCE);
      model.send_msg({ ...more, ask: what, id });
    };
    waiting.set(id, question);
    send();
  });
  const stop = () => {
    model.off("msg:custom", answered);
    for (const { timer } of waiting.values()) clearTimeout(timer);
    waiting.clear();
  };
  return { ask, stop };
}
