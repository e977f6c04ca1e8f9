/** The script of the page: choosing two servers, by a click in the picture or from the lists above it, shows the way between them. */
export const script = `
"use strict";
function enhance(article) {
    const ways = [...article.querySelectorAll("[data-from]")];
    const names = new Map();
    for (const way of article.querySelectorAll("li[data-from]")) {
        const [from, to] = way.dataset.names.split("\\n");
        names.set(way.dataset.from, from).set(way.dataset.to, to);
    }
    if (names.size < 2) return;
    const lists = ["From", "to"].map((word) => {
        const list = document.createElement("select");
        list.setAttribute("aria-label", word === "to" ? "To" : word);
        list.append(new Option(\`\${word} …\`, ""), ...[...names].map(([id, name]) => new Option(name, id)));
        list.addEventListener("change", show);
        return list;
    });
    const [from, to] = lists;
    const chooser = document.createElement("div");
    chooser.className = "chooser";
    chooser.append(...lists);
    article.querySelector("figure").before(chooser);
    article.classList.add("clickable");
    for (const server of article.querySelectorAll("[data-server]")) {
        server.addEventListener("click", () => {
            const id = server.dataset.server;
            if (!names.has(id)) return;
            // A third click begins anew.
            const isNew = from.value === "" || to.value !== "" || from.value === id;
            (isNew ? from : to).value = id;
            if (isNew) to.value = "";
            show();
        });
    }

    function show() {
        const ends = [from.value, to.value].filter(Boolean);
        article.classList.toggle("picking", ends.length === 2);
        for (const server of article.querySelectorAll("[data-server]")) {
            server.classList.toggle("chosen", ends.includes(server.dataset.server));
        }
        for (const way of ways) {
            const isChosen = ends.length === 2 && way.dataset.from === from.value && way.dataset.to === to.value;
            way.classList.toggle("chosen", isChosen);
            if (isChosen && way.matches("li")) way.querySelector("details:last-of-type").open = true;
        }
    }
}
// After the first paint, which shows all that there is to read.
requestAnimationFrame(() => {
    setTimeout(() => {
        document.querySelectorAll("article").forEach(enhance);
    });
});
`;
