# Turns the records of tools/bench into a table (-v format=table), JSON (-v format=json), or a script for
# gnuplot (-v format=plot).
#
# A record is one line of fields separated by tabs:
#   machine KEY VALUE                                     setting KEY VALUE
#   configuration NAME DESCRIPTION                        skip NAME REASON
#   measure NAME UNIT BETTER DESCRIPTION WORKLOAD         sample NAME CONFIGURATION ROUND VALUE
#   others WORKLOAD PERCENT-OF-CPU-TIME
#   failure WORKLOAD CONFIGURATION REASON
#   target MEASURE CONFIGURATION AGAINST KIND LIMIT UNIT
#
# A ratio or difference is formed within each round, between two samples taken seconds apart, and
# the median over the rounds is reported: what slows the whole machine for a while cancels out.
# What does not cancel out is a wait for a CPU: it comes in units of the scheduler's tick and hides
# any smaller difference. So a target is not judged where other programs used much of the CPUs.

BEGIN {
    FS = "\t"
    baseline = "native"
    others_limit = 10 # per cent of all CPUs' time
}

$1 == "machine"       { machine_key[++machines] = $2; machine_value[machines] = $3 }
$1 == "setting"       { setting_key[++settings] = $2; setting_value[settings] = $3 }
$1 == "configuration" { configuration[++configurations] = $2; meaning[$2] = $3 }
$1 == "skip"          { skip_name[++skips] = $2; skip_reason[skips] = $3 }
$1 == "failure"       { failure_workload[++failures] = $2; failure_configuration[failures] = $3
                        failure_reason[failures] = $4 }
$1 == "measure"       { measure[++measures] = $2; unit[$2] = $3; better[$2] = $4
                        description[$2] = $5; workload[$2] = $6 }
$1 == "others"        { others[$2] = $3 + 0 }
$1 == "sample"        { value[$2, $3, $4] = $5 + 0; count[$2, $3]++
                        if ($4 + 0 > rounds) rounds = $4 + 0 }
$1 == "target"        { target[++targets] = $2; target_configuration[targets] = $3
                        target_against[targets] = $4; target_kind[targets] = $5
                        target_limit[targets] = $6 + 0; target_unit[targets] = $7 }

END {
    if (format == "json") print_json()
    else if (format == "plot") exit print_plot() ? 0 : 1
    else print_table()
}

# --- statistics -----------------------------------------------------------------------------

# Sorts list[1..n] and sets median, low and high.
function summarise(list, n,    i, j, item) {
    for (i = 2; i <= n; i++) {
        item = list[i]
        for (j = i - 1; j >= 1 && list[j] > item; j--) list[j + 1] = list[j]
        list[j + 1] = item
    }
    low = list[1]
    high = list[n]
    median = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# Over the samples of one measure in one configuration. Returns their number.
function summarise_samples(name, conf,    list, n, round) {
    n = 0
    for (round = 1; round <= rounds; round++)
        if ((name, conf, round) in value) list[++n] = value[name, conf, round]
    if (n) summarise(list, n)
    return n
}

# Over the rounds that have a sample of both. Returns their number.
function summarise_pairs(name, conf, against, kind,    list, n, round, a, b) {
    n = 0
    for (round = 1; round <= rounds; round++) {
        if (!((name, conf, round) in value)) continue
        a = value[name, conf, round]
        if (kind ~ /^value/) {
            list[++n] = a
            continue
        }
        if (!((name, against, round) in value)) continue
        b = value[name, against, round]
        if (kind ~ /^difference/) list[++n] = a - b
        else if (b != 0) list[++n] = a / b
    }
    if (n) summarise(list, n)
    return n
}

function reached(kind, measured, limit) {
    return kind == "ratio-min" ? measured >= limit : measured <= limit
}

# -1: unknown. The only reader of `others`: to name an element of an array is to create it.
function others_percent(name) {
    if (workload[name] in others) return others[workload[name]]
    return -1
}

# Resident memory and counts do not depend on who has the CPU. Where nothing is known, nothing is judged.
function disturbed(name,    percent) {
    if (unit[name] ~ /^(KiB|instructions|entries)$/) return 0
    percent = others_percent(name)
    return percent < 0 || percent > others_limit
}

function disturbance(name,    percent) {
    percent = others_percent(name)
    if (percent < 0) return "the CPU time of other programs is unknown"
    return "other programs used " percent " % of the CPUs"
}

# --- table ----------------------------------------------------------------------------------

function number(x,    size) {
    size = x < 0 ? -x : x
    return sprintf(size >= 1000 ? "%.0f" : size >= 100 ? "%.1f" : size >= 10 ? "%.2f" : "%.3f", x)
}

function print_table(    i) {
    for (i = 1; i <= machines; i++) printf "%-20s %s\n", machine_key[i], machine_value[i]
    for (i = 1; i <= settings; i++) printf "%-20s %s\n", setting_key[i], setting_value[i]
    print ""
    for (i = 1; i <= configurations; i++)
        printf "%-20s %s\n", configuration[i], meaning[configuration[i]]
    for (i = 1; i <= skips; i++) printf "skipped: %s: %s\n", skip_name[i], skip_reason[i]
    print "\nMedian and range of the samples; ratio to " baseline \
        ": median and range of the ratios within each round.\n"
    printf "%-30s %-10s %-20s %10s %22s   %s\n", "measure", "unit", "configuration", "median",
        "min..max", "ratio to " baseline
    for (i = 1; i <= measures; i++) print_measure(measure[i])
    for (i = 1; i <= failures; i++)
        printf "FAILED: %s: %s: %s\n", failure_workload[i], failure_configuration[i],
            failure_reason[i]
    print_targets()
}

function print_measure(name,    i, conf, ratio) {
    for (i = 1; i <= configurations; i++) {
        conf = configuration[i]
        ratio = ""
        if (conf != baseline && summarise_pairs(name, conf, baseline, "ratio"))
            ratio = sprintf("%.3f (%.3f..%.3f)", median, low, high)
        if (!summarise_samples(name, conf)) continue
        printf "%-30s %-10s %-20s %10s %22s   %s\n", name, unit[name], conf, number(median),
            number(low) ".." number(high), ratio
    }
    if (disturbed(name))
        printf "%-30s disturbed: %s\n", name, disturbance(name)
    print ""
}

function print_targets(    i, n, sign, verdict) {
    if (!targets) return
    print "Targets (median and range over the rounds; a benchmark reports them and never fails on them)\n"
    for (i = 1; i <= targets; i++) {
        n = summarise_pairs(target[i], target_configuration[i], target_against[i], target_kind[i])
        sign = target_kind[i] == "ratio-min" ? ">=" : "<="
        printf "%-18s %-34s %s %-9s ", target[i],
            target_kind[i] ~ /^value/ ? target_configuration[i] : \
            target_configuration[i] (target_kind[i] ~ /^ratio/ ? " / " : " - ") target_against[i],
            sign, target_limit[i] " " target_unit[i]
        if (!n) {
            print "  not measured"
            continue
        }
        verdict = reached(target_kind[i], median, target_limit[i]) ? "reached" : "NOT REACHED"
        if (disturbed(target[i]))
            verdict = "not judged: " disturbance(target[i])
        printf "  %s (%s..%s)  %s\n", number(median), number(low), number(high), verdict
    }
}

# --- JSON -----------------------------------------------------------------------------------

function quote(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/[\001-\037]/, " ", text)
    return "\"" text "\""
}

function decimal(x) {
    return sprintf("%.6f", x)
}

function statistics() {
    return sprintf("\"median\": %s, \"min\": %s, \"max\": %s", decimal(median), decimal(low),
        decimal(high))
}

function key(text) {
    gsub(/ /, "_", text)
    return tolower(text)
}

# Separates the members of an object or array: call before each with its index.
function comma(i) {
    return i > 1 ? ",\n" : "\n"
}

function print_pairs(name, keys, values, n,    i) {
    printf "  %s: {", quote(name)
    for (i = 1; i <= n; i++)
        printf "%s    %s: %s", comma(i), quote(key(keys[i])),
            values[i] ~ /^[0-9]+$/ ? values[i] : quote(values[i])
    print "\n  },"
}

function print_json(    i) {
    print "{\n  \"schema\": 1,"
    print_pairs("machine", machine_key, machine_value, machines)
    print_pairs("settings", setting_key, setting_value, settings)
    printf "  \"configurations\": ["
    for (i = 1; i <= configurations; i++)
        printf "%s    {\"name\": %s, \"description\": %s}", comma(i), quote(configuration[i]),
            quote(meaning[configuration[i]])
    printf "\n  ],\n  \"skipped\": ["
    for (i = 1; i <= skips; i++)
        printf "%s    {\"name\": %s, \"reason\": %s}", comma(i), quote(skip_name[i]),
            quote(skip_reason[i])
    printf "\n  ],\n  \"failures\": ["
    for (i = 1; i <= failures; i++)
        printf "%s    {\"workload\": %s, \"configuration\": %s, \"reason\": %s}", comma(i),
            quote(failure_workload[i]), quote(failure_configuration[i]), quote(failure_reason[i])
    printf "\n  ],\n  \"measures\": ["
    for (i = 1; i <= measures; i++) print_json_measure(i, measure[i])
    printf "\n  ],\n  \"targets\": ["
    for (i = 1; i <= targets; i++) print_json_target(i)
    print "\n  ]\n}"
}

function print_json_measure(index_of, name,    i, conf, printed) {
    printf "%s    {\"name\": %s, \"unit\": %s, \"better\": %s, \"description\": %s, " \
        "\"others_percent\": %s, \"results\": [",
        comma(index_of), quote(name), quote(unit[name]), quote(better[name]),
        quote(description[name]), \
        others_percent(name) < 0 ? "null" : decimal(others_percent(name))
    printed = 0
    for (i = 1; i <= configurations; i++) {
        conf = configuration[i]
        if (!summarise_samples(name, conf)) continue
        printf "%s      {\"configuration\": %s, %s, \"samples\": [", comma(++printed), quote(conf),
            statistics()
        print_json_samples(name, conf)
        printf "]"
        if (conf != baseline && summarise_pairs(name, conf, baseline, "ratio"))
            printf ", \"ratio_to_%s\": {%s}", baseline, statistics()
        printf "}"
    }
    printf "\n    ]}"
}

function print_json_samples(name, conf,    round, separator) {
    separator = ""
    for (round = 1; round <= rounds; round++)
        if ((name, conf, round) in value) {
            printf "%s%s", separator, decimal(value[name, conf, round])
            separator = ", "
        }
}

function print_json_target(i,    n) {
    printf "%s    {\"measure\": %s, \"configuration\": %s, \"against\": %s, \"kind\": %s, " \
        "\"limit\": %s, \"unit\": %s, ", comma(i), quote(target[i]), quote(target_configuration[i]),
        quote(target_against[i]), quote(target_kind[i]), decimal(target_limit[i]),
        quote(target_unit[i])
    n = summarise_pairs(target[i], target_configuration[i], target_against[i], target_kind[i])
    if (n)
        printf "%s, \"disturbed\": %s, \"reached\": %s}", statistics(),
            disturbed(target[i]) ? "true" : "false", disturbed(target[i]) ? "null" : \
            reached(target_kind[i], median, target_limit[i]) ? "true" : "false"
    else
        printf "\"median\": null, \"reached\": null}"
}

# --- plot -----------------------------------------------------------------------------------

# Bars lie: a name beside each group of them is read more easily than one below it. They begin at 1,
# on a logarithmic scale: twice as much and half as much are equally long. Returns how many there are.
function print_plot(    i, j, bars, place, before, groups, tics, legend) {
    place = 1
    for (i = 1; i <= measures; i++) {
        before = bars
        for (j = 1; j <= configurations; j++)
            if (configuration[j] != baseline &&
                summarise_pairs(measure[i], configuration[j], baseline, "ratio") && low > 0) {
                bar[j, ++bar_count[j]] = place++ " " decimal(median) " " decimal(low) " " decimal(high)
                bars++
                if (low < least || !least) least = low
                if (high > most) most = high
            }
        if (bars == before) continue
        tics = tics (groups++ ? ", " : "") quote(plot_label(measure[i])) " " \
            (2 * place - (bars - before) - 1) / 2
        place += 1.5
    }
    if (!bars) return 0
    for (j = 1; j <= configurations; j++) if (bar_count[j]) legend++
    print_plot_head(place, legend, tics)
    print_plot_bars()
    return bars
}

function plot_label(name) {
    return name (better[name] == "higher" ? " (more is better)" : "") \
        (disturbed(name) ? " (disturbed)" : "")
}

# A bar's colour is that of its configuration's place among all that were measured. There is room for the figures
# to the right of the longest bar.
function print_plot_head(rows, legend, tics,    height) {
    height = 110 + 14 * rows + 18 * int((legend + 2) / 3)
    printf "set terminal svg size 1100,%d noenhanced font \"sans-serif,12\" background \"white\"\n", height
    print "set title \"ratio to " baseline ": median, and range over the rounds\""
    print "set key outside top center horizontal Left reverse samplen 2 maxcols 3"
    print "set logscale x\nset grid xtics\nset format x \"%g\""
    printf "set xrange [%s:%s]\n", decimal((least < 1 ? least : 1) / 1.1), decimal((most > 1 ? most : 1) * 1.7)
    print "set xtics (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)"
    if (most / least < 10) print "set xtics add (0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4, 1.6, 3)"
    printf "set yrange [%s:0]\nset ytics scale 0 (%s)\n", rows - 1, tics
    print "set arrow from 1, graph 0 to 1, graph 1 nohead front"
    print "set style fill solid 0.8 noborder"
}

function print_plot_bars(    i, j, colours, separator, data) {
    split("#1f77b4 #aec7e8 #7f7f7f #9467bd #d62728 #2ca02c #98df8a #bcbd22 #ff7f0e #ffbb78 #e377c2 " \
        "#8c564b #17becf #9edae5 #393b79", colours, " ")
    for (j = 1; j <= configurations; j++) {
        if (!bar_count[j]) continue
        print "$bars" j " << END"
        for (i = 1; i <= bar_count[j]; i++) print bar[j, i]
        print "END"
    }
    printf "plot "
    for (j = 1; j <= configurations; j++) {
        if (!bar_count[j]) continue
        data = "$bars" j
        printf "%s%s using 2:1:(1):2:($1-0.42):($1+0.42) with boxxyerror linecolor rgb \"%s\" title %s, \\\n",
            separator, data, colours[(j - 1) % 15 + 1], quote(configuration[j])
        printf "%s using 2:1:3:4 with xerrorbars pointtype -1 linecolor rgb \"#404040\" notitle, \\\n", data
        printf "%s using ($4 > 1 ? $4 : 1):1:(sprintf(\"%%.2f\", $2)) with labels left " \
            "offset 0.4,0 font \",9\" notitle", data
        separator = ", \\\n"
    }
    print ""
}
