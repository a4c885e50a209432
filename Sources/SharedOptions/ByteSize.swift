/// `512`, `512B`, `512KB`, `10MB`, `1GB`: a K is 1024, as in PostgreSQL's own settings.
package struct ByteSize: Hashable {
    package let bytes: Int

    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shift: Int
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }).uppercased() {
        case "", "B": shift = 0
        case "KB": shift = 10
        case "MB": shift = 20
        case "GB": shift = 30
        default: return nil
        }
        guard let number = Int(digits), number > 0 else { return nil }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !isTooMuch else { return nil }
        self.bytes = bytes
    }
}
