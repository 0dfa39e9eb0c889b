"""What people read on the review sheet, in English and in Chinese side by side."""

from __future__ import annotations

from typing import Final

from sheetsync.template._content import Pair
from sheetsync.template._figures import LAST

REVIEW_SHEET: Final[Pair] = ("Review", "复盘")
TITLE: Final[Pair] = ("{team} · Review", "{team} · 复盘")
AS_OF: Final[Pair] = ("As of", "截至")
PROGRESS: Final[Pair] = ("Progress", "进度")
EXPECTED: Final[Pair] = ("Expected by now", "时间进度")
EXPECTED_SHORT: Final[Pair] = ("Expected", "时间进度")
ON_TRACK: Final[Pair] = ("On track or done", "正常或完成")
NEED: Final[Pair] = ("Need a hand", "需要支持")
NO_FIGURES: Final[Pair] = ("no results yet", "还没有结果")
OF_PACE: Final[Pair] = ("of the pace", "的应有速度")
DAYS_LEFT: Final[Pair] = ("days left", "天后结束")
OF: Final[tuple[Pair, Pair]] = (("of", "共"), ("key results", "个关键结果"))
TEAMS: Final[Pair] = ("Progress by team", "各团队进度")
TEAM_TABLE: Final[Pair] = ("Teams", "团队一览")
TEAM: Final[Pair] = ("Team", "团队")
ON_TRACK_SHORT: Final[Pair] = ("On track", "正常")
MORE_TEAMS: Final[Pair] = ("more teams; copy the last row down to see them.", "个团队未显示；把最后一行向下复制即可。")
LONGER: Final[Pair] = (
    f"The plan goes on below row {LAST}. This page counts the rows above it.", f"计划超过第 {LAST} 行，本页只统计该行以上的内容。"
)  # fmt: skip
BY_STATUS: Final[Pair] = ("Key results by status", "各状态的关键结果")
NO_PROGRESS: Final[Pair] = ("no progress yet", "尚无进度")
GOALS: Final[Pair] = ("Personal goals", "个人目标")
GOALS_ON_TRACK: Final[Pair] = ("on track or done", "正常或完成")
PACE: Final[Pair] = ("Pace: progress against the calendar", "节奏：进度与时间对照")
BOTTLENECK: Final[Pair] = ("Bottlenecks: the furthest behind first", "瓶颈：落后最多的在前")
BEHIND: Final[Pair] = ("Behind, points", "落后百分点")
NOTHING: Final[Pair] = ("Nothing is behind.", "没有落后的关键结果。")
CHECK_IN: Final[Pair] = ("Check-ins", "定期记录")
CHECK_IN_HINT: Final[Pair] = (
    "Today's point draws itself. At each check-in, type progress and the share on track into the yellow cells, so that it stays.",
    "当天的数据点会自动显示。每次检查时，把进度和正常占比填入黄色单元格，即可保留下来。",
)
DAY: Final[Pair] = ("Day", "日期")
TREND: Final[Pair] = ("Trend: share of key results on track", "趋势：正常的关键结果占比")
NOTES: Final[Pair] = ("Notes: what was decided, who acts next", "记录：决定了什么，下一步由谁做")
