import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("Lists by a template")
struct TemplateListTests {
    private var list: TemplateList {
        var list = TemplateList(titles: [("ID", "CONTAINER ID"), ("Names", "NAMES"), ("Status", "STATUS")])
        list.absent = [("Size", "look elsewhere")]
        list.rows = [
            TemplateList.Row(
                values: JSONObject([("ID", "ab"), ("Names", "web"), ("Status", "Up\t1")]), labels: ["a": "b"]),
            TemplateList.Row(
                values: JSONObject([("ID", "abcd"), ("Names", "db"), ("Status", "\u{1b}[1m")]), labels: [:]),
        ]
        return list
    }

    private func format(_ text: String) throws(CFSError) -> String {
        switch try TemplateFormat(text) {
        case .lines(let template): try list.lines(template, isTerminal: false)
        case .columns(let template): try list.columns(template)
        case .table: "the table"
        case .json: "the JSON"
        }
    }

    @Test("the forms are told apart")
    func forms() throws {
        #expect(try TemplateFormat(nil) == .table && TemplateFormat("table") == .table && TemplateFormat("json").isJSON)
        #expect(try TemplateFormat("table {{.ID}}") == .columns(Template("{{.ID}}")))
        #expect(try TemplateFormat("x {{.ID}}") == .lines(Template("x {{.ID}}")))
        for text in ["", "yaml", "table ", "table x", "raw", "{.ID}"] {
            #expect(
                failure { () throws(CFSError) in try TemplateFormat(text) }?.message == "unknown format \"\(text)\"")
        }
    }

    @Test("a template has a line for each row")
    func lines() throws {
        #expect(try format("{{.ID}} {{.Names}}") == "ab web\nabcd db\n")
        #expect(try format("{{.Label \"a\"}}-") == "b-\n-\n")
        #expect(try format("{{json .}}").hasPrefix(#"{"ID":"ab","Names":"web","Status":"Up\t1"}"#))
    }

    @Test("on a terminal nothing of a container steers it")
    func harmless() throws {
        let template = try Template("{{.Status}}")
        #expect(try list.lines(template, isTerminal: true) == "Up\\t1\n\\x1b[1m\n")
        #expect(try list.lines(template, isTerminal: false) == "Up\t1\n\u{1b}[1m\n")
    }

    @Test("a table has titles, and columns between the tabs")
    func columns() throws {
        #expect(
            try format(#"table {{.ID}}\t{{.Names}}"#) == """
                CONTAINER ID   NAMES
                ab             web
                abcd           db

                """)
        let others = try format(
            #"table {{upper .Names}}\t{{.Names | lower}}\t{{.Label "com.x.team-name"}}\t{{.Status}}"#)
        #expect(others.hasPrefix("NAMES   NAMES   team name   STATUS\nWEB     web                 Up\\t1\n"))
    }

    @Test("rows of different length make one table")
    func ragged() throws {
        #expect(try format(#"table {{.ID}}{{if eq .Names "db"}}\tmore\tcells{{end}}"#).contains("abcd"))
        #expect(try format(#"table {{.ID}}\n{{.Names}}"#).hasPrefix("CONTAINER ID\nNAMES\nab\nweb\n"))
    }

    @Test("a field that does not exist is an error, also where there is nothing to list")
    func unknown() {
        var empty = list
        empty.rows = []
        let list = empty
        for read in ["{{.Nmaes}}", "{{json .Nmaes}}"] {
            let error = failure { () throws(CFSError) in try list.lines(try Template(read), isTerminal: false) }
            #expect(error?.message.contains("there is no field .Nmaes") == true)
            #expect(error?.hint == "did you mean Names?")
        }
        let size = failure { () throws(CFSError) in try list.columns(try Template("{{.Size}}")) }
        #expect(size?.hint == "look elsewhere")
    }
}
