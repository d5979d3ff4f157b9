// Counts how often each word of a text is in it.
export const handler = async (event) => {
  const counts = new Map();
  for (let round = 0; round < (event.rounds ?? 200); round++) {
    for (const word of event.text.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]).slice(0, 3));
};
