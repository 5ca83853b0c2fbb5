import CFSCore
import Testing

@testable import CFSServer

@Suite("What REST hints at")
struct RestHintTests {
    @Test(
        "a hint names requests, not commands",
        arguments: [
            (
                "stop it first (`cfs stop web`), or use --force",
                "stop it first (POST /containers/web/stop), or ask with ?force=true"
            ),
            ("remove it: cfs rm web", "remove it: DELETE /containers/web"),
            ("wait for that, and see `cfs ps -a`", "wait for that, and see GET /containers?all=true"),
            (
                "remove the other container (`cfs rm web`), or choose another name",
                "remove the other container (DELETE /containers/web), or choose another name"
            ),
            (
                "take it off first: cfs network disconnect blue web, or remove it: cfs rm -f web",
                "take it off first: POST /networks/blue/disconnect {\"container\": \"web\"}, or remove it: "
                    + "DELETE /containers/web?force=true"
            ),
            ("let it go on first: cfs unpause web", "let it go on first: POST /containers/web/unpause"),
            ("did you mean web?", "did you mean web?"),
            (
                "those that there are: cfs network ls; a new one: cfs network create blue",
                #"those that there are: GET /networks; a new one: POST /networks {"name": "blue"}"#
            ), ("see which: cfs network inspect blue", "see which: GET /networks/blue"),
            (
                "remove networks that nobody needs (cfs network prune), or choose one: --subnet",
                "remove networks that nobody needs (DELETE /networks/{name}), or choose one: --subnet"
            ),
        ])
    func hints(written: String, told: String) {
        #expect(RestHint.text(written) == told)
        let error = ServerError(CFSError(.conflict, .stopping, "it is so", hint: written))
        #expect(error.document["hint"] == .string(told))
    }

    @Test("a full disk is told with the store's folder and the request that makes room")
    func fullDisk() {
        var options = EngineOptions()
        options.root = "/srv/store"
        let full = CFSError(.noSpace, .recording, "it cannot grow", path: "/srv/store/registry.db")
        let error = ServerError(any: full, options)
        #expect(error.status.code == 507)
        #expect(
            error.document["hint"]
                == .string(
                    "make room on the disk of /srv/store: stop what still writes there, then remove containers with "
                        + "DELETE /containers/{id}, or what nobody uses with `cfs system prune`"))
    }

    @Test("a time in a query is a time, seconds, or a span before now; anything else is told with its forms")
    func times() throws {
        #expect(try QueryItems("since=2026-11-24T08:26:10Z").time("since") == 1_795_508_770_000_000_000)
        #expect(try QueryItems("since=1764000000.5").time("since") == 1_764_000_000_500_000_000)
        let hour = try #require(try QueryItems("since=1h").time("since"))
        let minute = try #require(try QueryItems("since=1m").time("since"))
        #expect((58 * 60_000_000_000...60 * 60_000_000_000).contains(minute - hour))
        #expect(try QueryItems("").time("since") == nil)
        #expect(throws: ServerError.self) { try QueryItems("since=yesterday").time("since") }
        #expect(throws: ServerError.self) { try QueryItems("since=").time("since") }
    }

    @Test("what a caller asked for wrongly is no error of the server")
    func statuses() {
        for (code, status) in [
            (CFSError.Code.networkNotFound, 404), (.networkInUse, 409), (.imageNotFound, 404), (.nameTaken, 409),
        ] { #expect(ServerError(CFSError(code, .looking, "it is so")).status.code == status, "\(code)") }
    }
}
