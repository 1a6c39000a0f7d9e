/// The style of every report. Screens may be dark; paper is always light.
let reportStyle = """
    :root { color-scheme: light dark; --page: #fff; --ink: #1c2126; --soft: #f2f4f6; --line: #c9d0d6;
    \(variables(Palette.light)) }
    @media screen and (prefers-color-scheme: dark) {
    :root { --page: #14181c; --ink: #e4e8eb; --soft: #20262c; --line: #3d464e;
    \(variables(Palette.dark)) } }
    body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
    main { max-width: 62rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
    h1, h2, h3 { overflow-wrap: anywhere; }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: .4rem 0 1rem; }
    h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
    a { color: var(--chart-1); }
    h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
    .verdict { font-size: 1.25rem; line-height: 1.4; margin: .4rem 0 .8rem; }
    p, li { max-width: 46rem; overflow-wrap: anywhere; }
    .note { background: var(--soft); border-left: .3rem solid var(--chart-1); padding: .6rem .9rem; }
    pre { background: var(--soft); padding: .6rem .9rem; overflow-x: auto; font-size: .85rem; }
    .scroll { overflow-x: auto; margin: 1rem 0; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    td, th { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
    td.number, th.number { text-align: right; white-space: nowrap; }
    figure { margin: 1.4rem 0; }
    figure svg { display: block; width: 100%; height: auto; }
    figcaption { font-size: .92rem; opacity: .85; max-width: 46rem; }
    .phone { display: none; }
    @media screen and (max-width: 640px) {
    .desk { display: none; }
    .phone { display: block; }
    td, th { padding: .3rem .5rem; }
    }
    @media print {
    main { max-width: none; padding: 0; }
    figure, tr, .note, pre { break-inside: avoid; }
    h2, h3 { break-after: avoid; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; }
    .scroll { overflow: visible; font-size: .8rem; }
    td, th { padding: .2rem .4rem; }
    }
    """

private func variables(_ colours: [String]) -> String {
    colours.enumerated().map { "--chart-\($0 + 1): \($1);" }.joined(separator: " ")
}
