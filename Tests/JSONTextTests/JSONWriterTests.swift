import JSONText
import Testing

@Suite struct JSONWriterTests {
    @Test func writesCompactJSON() {
        let json: JSON = ["a": [1, -20, 2.5, true, false, nil, [], [:]], "b": ["c": "d"], "e": 1e300]
        #expect(json.text == #"{"a":[1,-20,2.5,true,false,null,[],{}],"b":{"c":"d"},"e":1e+300}"#)
    }

    @Test func escapesWhatMustBeEscapedAndNothingElse() {
        #expect(
            JSON.string("\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é😀").text == #""\"\\/\b\t\n\f\r\u0000\u001f"#
                + "\u{7f}é😀\"")
    }

    @Test func writesNumbersInTheShortestFormThatReadsBack() throws {
        #expect(JSON.int(.min).text == "-9223372036854775808")
        #expect(JSON.int(0).text == "0")
        #expect(JSON.double(0.1).text == "0.1")
        #expect(JSON.double(.nan).text == "null")
        #expect(JSON.double(-.infinity).text == "null")
        for value in [
            Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude, 1.0, -0.0, 1e16, 1e15,
            123_456_789.125,
            9.223372036854776e18,
        ] {
            let read = try JSON(parsing: JSON.double(value).text)
            #expect(read == .double(value))
            #expect(read.double?.sign == value.sign)
        }
    }

    @Test func writesPieceByPiece() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.int(7)
        writer.key("list")
        writer.beginArray()
        writer.raw(Array("{\"x\":1}".utf8))
        writer.string("y")
        writer.endArray()
        writer.key("end")
        writer.value(["z": nil])
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"id":7,"list":[{"x":1},"y"],"end":{"z":null}}"#)
    }
}
