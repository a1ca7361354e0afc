/** Server-sent events over `fetch`, because `EventSource` cannot send a token. */

/** Yields `{ event, data }` for each event of a response, with the data parsed as JSON. */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data !== undefined)
        yield { event: fields.event ?? 'message', data: JSON.parse(fields.data) };
    }
  }
}
