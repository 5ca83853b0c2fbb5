import CFSCore
import OptionsSupport
import Testing

@testable import cfs

@Suite("Templates")
struct TemplateTests {
    private static let document: JSON = [
        "Name": "web", "State": ["Status": "running", "Pid": 7, "Reason": nil],
        "Args": ["a", "b"], "Labels": ["team": "x", "a.b": "y"], "Size": .number(1.5), "Flag": true, "None": [],
        "Mounts": [["Source": "/a", "RW": true], ["Source": "/b", "RW": false]],
    ]

    private func text(_ template: String, label: ((String) -> String)? = nil) throws(CFSError) -> String {
        try TemplateRenderer.text(Template(template), Self.document, label: label)
    }

    @Test(
        "fields, text and escapes",
        arguments: [
            ("{{.Name}}", "web"), ("{{ .State.Status }}!", "running!"), (#"a\t{{.Name}}\nb\\c"#, "a\tweb\nb\\\\c"),
            ("{{.State.Pid}}{{.Flag}} {{.Size}}", "7true 1.5"), ("{{.Args}}", "[a b]"),
            ("{{.Labels}}", "map[a.b:y team:x]"), ("{{.State.Reason}}", "<no value>"), ("{{.}}x", ""),
            ("{{$.Name}}", "web"), ("{{/* nothing */}}{{.Name}}", "web"), ("a {{- .Name -}} b", "awebb"),
            ("}} { {{.Name}} }", "}} { web }"), ("{{\"a\\tb\"}}{{`\\t`}}", "a\tb\\t"),
        ])
    func fields(template: String, expected: String) throws {
        let written = try text(template)
        #expect(expected.isEmpty ? written.hasPrefix("map[Args:[a b] ") && written.hasSuffix("x") : written == expected)
    }

    @Test(
        "functions",
        arguments: [
            ("{{json .State}}", #"{"Status":"running","Pid":7,"Reason":null}"#), ("{{json .Args}}", #"["a","b"]"#),
            ("{{index .Args 1}}", "b"), (#"{{index .Labels "a.b"}}"#, "y"), (#"{{index .Labels "no"}}|"#, "|"),
            (#"{{index .Mounts 0 "Source"}}"#, "/a"), ("{{(index .Mounts 1).Source}}", "/b"),
            (#"{{join .Args ", "}}"#, "a, b"), ("{{len .Args}}{{len .Name}}{{len .Labels}}", "232"),
            ("{{upper .Name}} {{title .Name}} {{lower \"AB\"}}", "WEB Web ab"), ("{{.Name | upper | json}}", "\"WEB\""),
            ("{{truncate .Name 2}}", "we"), (#"{{join (split "a-b--c" "-") "/"}}"#, "a/b//c"),
            (#"{{eq .Name "web"}} {{eq .State.Pid 7 8}} {{ne .Flag true}}"#, "true true false"),
            ("{{not .None}} {{and .Name .Flag}} {{or .None .Name}}", "true true web"),
            ("{{print .Name 1}}{{println .Flag}}", "web 1true\n"),
            (#"{{printf "%-5s|%5s|%.2s|%q" .Name .Name .Name .Name}}"#, #"web  |  web|we|"web""#),
            (#"{{printf "%d %03d %x %v%% %t" .State.Pid .State.Pid 255 .Size .Flag}}"#, "7 007 ff 1.5% true"),
            (#"{{printf "%.1f %f %.0f %06.2f" .Size 2 .Size -3}}"#, "1.5 2.000000 2 -03.00"),
            (#"{{printf "%s %v" .Args .None}}{{"x" | printf "%3s"}}{{printf "a"}}"#, "[a b] []  xa"),
        ])
    func functions(template: String, expected: String) throws { #expect(try text(template) == expected) }

    @Test(
        "if, with and range",
        arguments: [
            ("{{if .Flag}}yes{{else}}no{{end}}", "yes"), ("{{if .None}}yes{{else}}no{{end}}", "no"),
            ("{{if .None}}1{{else if eq .Name \"web\"}}2{{else}}3{{end}}", "2"), ("{{if .State.Reason}}x{{end}}", ""),
            ("{{range .Mounts}}{{.Source}}{{if .RW}} rw{{end}};{{end}}", "/a rw;/b;"),
            ("{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{$.Name}} {{end}}", "0=/a web 1=/b web "),
            ("{{range $k, $v := .Labels}}{{$k}}:{{$v}},{{end}}", "a.b:y,team:x,"),
            ("{{range $m := .Mounts}}{{$m.RW}}{{end}}", "truefalse"), ("{{range .None}}x{{else}}none{{end}}", "none"),
            ("{{range .State.Reason}}x{{end}}", ""), ("{{with .State}}{{.Status}}{{end}}", "running"),
            ("{{with $s := .State}}{{$s.Pid}}{{end}}", "7"), ("{{with .None}}x{{else}}none{{end}}", "none"),
            ("{{$x := .Name}}{{$x}}{{$x = .Flag}}{{$x}}", "webtrue"),
            ("{{$a := .Args}}{{range $a}}{{.}}{{end}}", "ab"),
        ])
    func control(template: String, expected: String) throws { #expect(try text(template) == expected) }

    @Test("a label is asked for by its name")
    func label() throws {
        #expect(try text("{{.Label \"team\"}}", label: { "<\($0)>" }) == "<team>")
        #expect(failure { () throws(CFSError) in try text("{{.Label \"team\"}}") } != nil)
        #expect(failure { () throws(CFSError) in try text("{{.Label}}", label: { $0 }) } != nil)
    }

    @Test(
        "what is wrong is named with its place",
        arguments: [
            ("{{.Name", 1, "not closed"), ("ab{{.Name}", 10, "no meaning"), ("{{}}", 3, "a value is missing"),
            ("{{foo .Name}}", 3, "there is no function \"foo\""), ("{{Name}}", 3, "there is no function"),
            ("{{.Nam}}", 3, "there is no field .Nam"), ("x {{.State.Stat}}", 5, "there is no field .State.Stat"),
            ("{{.Name.First}}", 3, ".Name is a text"), ("{{if .Flag}}x", 1, "no {{end}}"),
            ("{{range .Args}}{{end}}{{end}}", 23, "ends nothing"), ("{{else}}", 1, "ends nothing"),
            ("{{if .Flag}}{{else}}{{else}}{{end}}", 21, "second"), ("{{range .Name}}x{{end}}", 9, "range goes over"),
            ("{{index .Args 2}}", 3, "no element 2"), ("{{index .Args -1}}", 3, "no element -1"),
            ("{{index .Args \"a\"}}", 3, "cannot look for"), ("{{index .Args}}", 3, "takes 2 arguments or more"),
            ("{{json}}", 3, "takes 1 argument, and has 0"), ("{{upper .State.Pid}}", 3, "takes a text"),
            ("{{join .Name \",\"}}", 3, "takes a list"), ("{{len .Flag}}", 3, "has no length"),
            ("{{.Name \"x\"}}", 9, "takes no argument"), ("{{\"a\" \"b\"}}", 7, "takes no argument"),
            ("{{$x}}", 3, "no variable $x"), ("{{.Name | .Flag}}", 11, "stands a function"),
            ("{{.Name |}}", 10, "a value is missing"), ("{{(index .Args 0}}", 3, "not closed"),
            ("{{.Name)}}", 8, "nothing more"), ("{{\"abc}}", 3, "not closed"), ("{{`abc}}", 3, "not closed"),
            ("{{\"\\q\"}}", 4, "escape"), ("{{12x}}", 3, "not a whole number"),
            ("{{99999999999999999999}}", 3, "number"),
            ("{{/* x }}", 1, "comment is not closed"), ("{{.Name.}}", 8, "a name is missing"),
            ("{{template \"x\"}}", 3, "does not exist"), ("{{if}}x{{end}}", 5, "a value is missing"),
            ("{{printf}}", 3, "takes 1 argument or more"), ("{{printf 1}}", 3, "takes a text"),
            (#"{{printf "%s"}}"#, 3, "too few"), (#"{{printf "a" 1}}"#, 3, "more values"),
            (#"{{printf "%d" .Name}}"#, 3, "cannot write a text"), (#"{{printf "%y" 1}}"#, 3, "no verb %y"),
            (#"{{printf "50%"}}"#, 3, "has no verb"), (#"{{printf "%9999s" .Name}}"#, 3, "at most 1000"),
            ("{{sprintf \"%s\" .Name}}", 3, "there is no function"), ("{{.A#}}", 5, "no meaning"),
        ])
    func wrong(template: String, place: Int, says: String) {
        let error = failure { () throws(CFSError) in try text(template) }
        #expect(error?.code == .invalidArgument && error?.phase == .parsing)
        #expect(
            error?.message.hasPrefix("the template is wrong at character \(place): ") == true, "\(error?.message ?? "")"
        )
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(error?.hint?.isEmpty == false)
    }

    @Test("the nearest field and function are offered")
    func nearest() {
        #expect(failure { () throws(CFSError) in try text("{{.Muonts}}") }?.hint == "did you mean Mounts?")
        #expect(
            failure { () throws(CFSError) in try text("{{jsno .Name}}") }?.hint?.hasPrefix("did you mean json?") == true
        )
    }

    @Test("what nests without end is an error, not a crash")
    func deep() {
        let parentheses = String(repeating: "(", count: 100_000)
        let ranges = String(repeating: "{{if .Flag}}", count: 100_000)
        for template in ["{{\(parentheses)}}", ranges] {
            #expect(
                failure { () throws(CFSError) in try text(template) }?.message.contains("nested too deeply") == true)
        }
    }

    @Test("no beginning of a template crashes")
    func beginnings() {
        let whole =
            "a{{- range $i, $m := .Mounts -}} {{if eq $i 1}}{{(index $.Args 0) | upper}}{{else}}\\t{{`x`}}{{end}}{{end}}"
        for length in 0...whole.count {
            _ = failure { () throws(CFSError) in try text(String(whole.prefix(length))) }
            _ = failure { () throws(CFSError) in try text(String(whole.dropFirst(length))) }
        }
    }
}
