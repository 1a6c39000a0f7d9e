import Series
import Testing

/// Regular expressions of label matchers, against texts that match as a whole and texts that do not.
@Suite struct PatternTests {
    @Test func matchesWhatItSays() throws {
        let cases: [(String, matching: [String], not: [String])] = [
            ("", [""], ["a"]),
            ("web", ["web"], ["", "we", "webs", "aweb", "WEB"]),
            (".*", ["", "a", "a\nb", "é"], []),
            (".+", ["a"], [""]),
            ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
            ("ab?c*", ["a", "ab", "ac", "abccc"], ["abb", "b"]),
            ("(ab)+", ["ab", "abab"], ["", "aba"]),
            ("(?:a|b){2,3}", ["aa", "bab"], ["a", "aaaa"]),
            ("a{2}", ["aa"], ["a", "aaa"]),
            ("a{2,}", ["aa", "aaaaa"], ["a"]),
            ("a{,2}", ["a{,2}"], ["a"]),
            ("[a-c_]x[^0-9]", ["ax-", "_xé"], ["dx-", "ax1"]),
            ("[]a]", ["]", "a"], ["b"]),
            ("[a-]", ["a", "-"], ["b"]),
            (#"[\d.]+"#, ["10.2"], ["10,2"]),
            (#"[^\D]"#, ["7"], ["x"]),
            (#"\w+\s\S"#, ["ab_1 x"], ["ab_1  ", "é x"]),
            (#"10\.0\.0\.\d+"#, ["10.0.0.7"], ["10x0.0.7"]),
            (#"\x41\x{1F600}"#, ["A😀"], ["A"]),
            ("^a$", ["a"], ["^a$"]),
            ("a^b", [], ["ab", "a^b"]),
            ("(?i)Web-[a-c]", ["wEB-C"], ["web-d"]),
            ("(?P<name>a)b", ["ab"], ["a"]),
            ("a*?b+?", ["b", "aab"], ["a"]),
        ]
        for (pattern, matching, not) in cases {
            let compiled = try Pattern(pattern)
            for text in matching { #expect(compiled.matches(text), "/\(pattern)/ must match '\(text)'") }
            for text in not { #expect(!compiled.matches(text), "/\(pattern)/ must not match '\(text)'") }
        }
    }

    @Test func whatItCannotDoIsTold() {
        let cases = [
            "(": "a '(' without its ')'", ")": "a ')' without its '('", "[a": "a '[' without its ']'",
            "*": "'*' has nothing to repeat", "a**": "a repetition of a repetition", #"a\"#: #"a '\' at the end"#,
            #"\bx"#: #"'\b' is not supported"#, "[z-a]": "a range in [] must go from one character to a later one",
            "a{3,2}": "a repetition must be ascending and at most 1000",
            "[[:alpha:]]": "classes with a name, as [:alpha:], are not supported",
            "(?=a)": "of groups with '(?', only (?:…), (?P<name>…) and a leading (?i) are supported",
            "(a{1000}){1000}": "the expression is too large",
            String(repeating: "(", count: 65): "groups are nested too deeply",
            String(repeating: "a", count: 4_097): "the expression is over 4096 bytes",
            #"\x4"#: #"'\x' must be followed by two digits, or by some in braces"#,
        ]
        for (pattern, problem) in cases {
            do {
                _ = try Pattern(pattern)
                Issue.record("/\(pattern.prefix(40))/ must be refused")
            } catch {
                #expect(error.description == problem, "/\(pattern.prefix(40))/")
            }
        }
    }

    /// An engine that backtracks would need longer than the age of the world.
    @Test(.timeLimit(.minutes(1))) func evilExpressionsEnd() throws {
        let text = String(repeating: "a", count: 2_000)
        for pattern in ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)(.*)x", "((a?){20}){20}b"] {
            #expect(try !Pattern(pattern).matches(text), "/\(pattern)/")
        }
    }
}
