/** A web server in Apache's place: /var/www/html on port 80, with Apache's combined access log. */
import { Buffer } from "node:buffer";
import { appendFileSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const documents = "/var/www/html";
const mimeTypes = new Map([
    [".css", "text/css"],
    [".gif", "image/gif"],
    [".html", "text/html; charset=UTF-8"],
    [".jpg", "image/jpeg"],
    [".js", "text/javascript"],
    [".json", "application/json"],
    [".png", "image/png"],
    [".svg", "image/svg+xml"],
    [".txt", "text/plain; charset=UTF-8"],
]);

const log = (/** @type {string} */ file, /** @type {string} */ line) => {
    appendFileSync(join("/var/log/httpd", file), `${line}\n`);
};

/** The file that a request asks for; undefined when there is none in the document folder. @param {string} url */
function find(url) {
    try {
        const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
        const wanted = join(documents, path);
        // A symbolic link must not lead out of the folder either.
        const file = realpathSync(statSync(wanted).isDirectory() ? join(wanted, "index.html") : wanted);
        return file.startsWith(`${documents}/`)
            ? { type: mimeTypes.get(extname(file)), body: readFileSync(file) }
            : undefined;
    } catch {
        return undefined;
    }
}

/** @param {string} url @param {string | undefined} method */
function answer(url, method) {
    const page = (/** @type {number} */ status, /** @type {string} */ text) => ({
        status,
        type: "text/html; charset=UTF-8",
        body: Buffer.from(`<html><head><title>${status} ${text}</title></head><body><h1>${text}</h1></body></html>\n`),
    });
    if (method !== "GET" && method !== "HEAD") {
        return page(405, "Method Not Allowed");
    }
    const found = find(url);
    return found ? { status: 200, ...found } : page(404, "Not Found");
}

/** Time as Apache writes it, in UTC: 10/Oct/2000:13:55:36 +0000 */
function timestamp() {
    const [, day, month, year, time] = new Date().toUTCString().split(" ");
    return `${day}/${month}/${year}:${time} +0000`;
}

const server = createServer((request, response) => {
    const { method, url = "/", httpVersion, headers, socket } = request;
    const { status, type = "application/octet-stream", body } = answer(url, method);
    // Before the answer, so that whoever has the answer finds the request in the log.
    const sent = method === "HEAD" ? "-" : body.length;
    const quoted = (/** @type {string | undefined} */ text) => (text ?? "-").replaceAll(/["\\]/g, "\\$&");
    log(
        "access_log",
        `${socket.remoteAddress} - - [${timestamp()}] "${quoted(`${method} ${url} HTTP/${httpVersion}`)}" ${status} ${sent} ` +
            `"${quoted(headers.referer)}" "${quoted(headers["user-agent"])}"`,
    );
    response.writeHead(status, { Server: "Apache (stand-in)", "Content-Type": type, "Content-Length": body.length });
    response.end(method === "HEAD" ? undefined : body);
});
server.on("error", (error) => {
    log("error_log", `[${timestamp()}] ${error.message}`);
    console.error(error.message);
    process.exit(1);
});
// Instances have IPv4 only, and the log must show addresses as such.
server.listen(80, "0.0.0.0", () => {
    log("error_log", `[${timestamp()}] The web server runs, process ${process.pid}.`);
    // As Apache does: the log is there before the first request.
    appendFileSync("/var/log/httpd/access_log", "");
    if (process.env["NOTIFY_FILE"]) {
        writeFileSync(process.env["NOTIFY_FILE"], "");
    }
});
