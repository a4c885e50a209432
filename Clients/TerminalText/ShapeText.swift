import DaemonProtocol
import SyncModel

/// `satchel shape list`: a table.
package enum ShapeText {
    package static func lines(_ shapes: [ShapeSummary], width: Int?, style: Style) -> [String] {
        if shapes.isEmpty { return ["This device holds no shapes. Read some rows with: satchel read TABLE"] }
        let remarks = shapes.map { $0.reason?.message ?? $0.failures.map(text) ?? "" }
        let hasRemarks = remarks.contains { !$0.isEmpty }
        let rows = zip(shapes, remarks).map { shape, remark in
            [
                shape.shape, shape.status.rawValue, String(shape.rows), SizeText.text(shape.bytes),
                shape.lag.map(TimeText.milliseconds) ?? "–", shape.firstSync.map(TimeText.milliseconds) ?? "–",
                String(shape.subscribers), DefinitionText.summary(shape.definition),
            ] + (hasRemarks ? [remark] : [])
        }
        let heading = ["id", "status", "rows", "size", "lag", "first sync", "watched by", "of"]
        let table = TableText(
            heading: heading + (hasRemarks ? ["reason"] : []), rows: rows, cutColumn: heading.count - 1)
        return table.lines(width: width, style: style)
    }

    /// `2 rows left out: division by zero (public.steps id=7)`
    package static func text(_ failures: FailedRows) -> String {
        let key = failures.key.fields.map { "\($0.column)=\($0.text.string)" }.joined(separator: " ")
        return "\(Printable.count(failures.count, "row")) left out: \(failures.message) (\(failures.table) \(key))"
    }
}

/// Sizes for people.
package enum SizeText {
    /// `512 B`, `1.5 KB`, `12 MB`: a K is 1024.
    package static func text(_ bytes: Int64) -> String {
        var tenths = bytes * 10
        var unit = "B"
        for larger in ["KB", "MB", "GB", "TB"] where tenths >= 10_240 {
            tenths /= 1024
            unit = larger
        }
        let fraction = unit == "B" || tenths >= 100 || tenths % 10 == 0 ? "" : ".\(tenths % 10)"
        return "\(tenths / 10)\(fraction) \(unit)"
    }
}
