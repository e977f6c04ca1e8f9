/** The text as one word of a POSIX shell, whatever characters it has. */
export function shellQuote(text: string): string {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The text as one word of a POSIX shell for people to read: quoted only where it has to be. */
export function shellWord(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : shellQuote(text);
}
