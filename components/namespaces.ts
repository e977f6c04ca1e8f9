/**
 * A warning for each setting of these names that is in another project's namespace, such as `vpc-peering-lab:peering` in a project
 * that was made from that one: Pulumi shows a program its own project's namespace only, so it would be ignored without a word.
 *
 * @param project the project's name: `pulumi.getProject()`.
 * @param keys every key of the configuration, with its namespace: `Object.keys(pulumi.runtime.allConfig())`.
 * @param names the program's settings: `["peering", "sshCidr"]`.
 */
export function misplacedSettings(project: string, keys: readonly string[], names: readonly string[]): string[] {
    return keys.flatMap((key) => {
        const [namespace = "", name = ""] = key.split(":");
        const move = `pulumi config set ${name} "$(pulumi config get ${key})" && pulumi config rm ${key}`;
        return namespace === project || !names.includes(name)
            ? []
            : [`${key} is not read, because this project is called ${project}; move it with '${move}'`];
    });
}
