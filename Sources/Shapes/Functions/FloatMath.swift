#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the standard library lacks: PostgreSQL takes it from the C library too.
enum FloatMath {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
