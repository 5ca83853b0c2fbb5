import Testing

@testable import CFSNamespaces

@Suite("Numbers of system calls")
struct SeccompCallNumbersTests {
    @Test("a name has the number of its architecture")
    func numbers() throws {
        let amd64 = try #require(SeccompCallNumbers(.x86x64))
        #expect(amd64.token == 0xc000_003e)
        #expect(amd64.number("read") == 0)
        #expect(amd64.number("openat2") == 437)
        #expect(amd64.number("stat64") == nil)
        #expect(amd64.number("socketcall") == nil)
        let i386 = try #require(SeccompCallNumbers(.x86))
        #expect(i386.token == 0x4000_0003)
        #expect(i386.number("read") == 3)
        #expect(i386.number("stat64") == 195)
        #expect(i386.number("arm_fadvise64_64") == nil)
        let arm64 = try #require(SeccompCallNumbers(.aarch64))
        #expect(arm64.token == 0xc000_00b7)
        #expect(arm64.number("read") == 63)
        #expect(arm64.number("open") == nil)
    }

    @Test("what i386 multiplexes has its direct number too")
    func direct() throws {
        let i386 = try #require(SeccompCallNumbers(.x86))
        #expect(i386.number("socket") == 359)
        #expect(i386.number("shutdown") == 373)
        #expect(i386.number("msgctl") == 402)
        #expect(i386.number("send") == nil)
        #expect(i386.has("send"))
        #expect(i386.has("socket"))
    }

    @Test("calls newer than the library have a number, the same on all architectures")
    func newer() throws {
        for architecture in [SeccompArchitecture.x86x64, .x86, .aarch64] {
            #expect(try #require(SeccompCallNumbers(architecture)).number("mseal") == 462)
        }
        #expect(SeccompCallNumbers.libraryNumber("no_such_call") == nil)
        #expect(try #require(SeccompCallNumbers(.native)).number("no_such_call") == nil)
    }

    @Test("where the library knows one of the newer calls, it agrees")
    func agreement() {
        for (name, number) in SeccompCallNumbers.newer {
            if let known = SeccompCallNumbers.libraryNumber(name) { #expect(known == Int32(number), "\(name)") }
        }
    }
}
