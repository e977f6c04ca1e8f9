import * as pulumi from "@pulumi/pulumi";

/**
 * The word that was here when the stash was made, whatever it is now; in a preview too. The stash never changes: only a
 * destroyed stack forgets the word.
 */
export function remembered(name: string, word: string): Promise<string> {
    const { output } = new pulumi.Stash(name, { input: word }, { ignoreChanges: ["input"] });
    return new Promise((resolve) => {
        output.apply((kept: string | undefined) => {
            // Mocks, in unit tests of one's own, may keep nothing.
            resolve(kept ?? word);
        });
    });
}
