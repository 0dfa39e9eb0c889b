"""What people read on the guide sheet, in English and in Chinese side by side."""

from __future__ import annotations

from typing import Final

from sheetsync.model import Column, Kind
from sheetsync.template._content import Pair

GUIDE_SHEET: Final[Pair] = ("Guide", "使用说明")
GUIDE_TITLE: Final[Pair] = ("How this workbook fills itself", "这张表如何自动填写")
GUIDE_SUBTITLE: Final[Pair] = ("One page, five minutes.", "一页纸，五分钟读完。")

PASTE: Final[Pair] = ("Paste a link", "粘贴链接")
STEPS: Final[tuple[tuple[str, Pair], ...]] = (
    ("1", (
        "Open the page that shows the number: a report, a list, a dashboard. Copy its address from the browser.",
        "打开显示这个数字的页面：报告、列表或看板。从浏览器复制地址。",
    )),
    ("2", ("Paste it into Data link, right after Result.", "粘贴到“结果”右边的“数据链接”。")),
    ("3", (
        "If the page shows several numbers, add which one behind the address: #metric=open_rate",
        "如果页面上有多个数字，在地址后面注明是哪一个：#metric=open_rate",
    )),
    ("4", (
        "Wait for the next run, or choose ☑ beside Sync now above the plan and save. The blue columns fill themselves.",
        "等待下一次自动运行；或在计划表上方的“立即同步”旁选择 ☑ 并保存。蓝色标题的列会自动填写。",
    )),
)  # fmt: skip
LINKS: Final[Pair] = ("Sources without a web page", "没有网页的数据来源")
LINK_FORMS: Final[tuple[tuple[str, Pair], ...]] = (
    ("file:data/leads.csv#count&where=stage:SQL", ("Rows of a file: count, sum(column), mean(column), share(column:value)",
                                                 "文件中的行：count、sum(列)、mean(列)、share(列:值)")),
    ("file:data/brand.xlsx#cell=Sheet1!B7", ("One cell of another workbook", "另一个工作簿中的一个单元格")),
    ("sql:crm/pipeline", ("A query that your administrator has prepared", "由管理员准备好的数据库查询")),
    ("rollup:sum", ("Adds up the rows that are aligned to this one; also rollup:mean and rollup:progress",
                    "汇总对齐到本行的各行；也可用 rollup:mean、rollup:progress")),
    ("manual:", ("A person types the result; progress and status are still computed", "由人填写结果；进度和状态照常计算")),
)  # fmt: skip
STATUS_MEANINGS: Final[tuple[tuple[str, Pair], ...]] = (
    ("done", ("The target is reached.", "目标已达成。")),
    ("on track", ("Progress keeps up with the share of the period that has passed.", "进度跟得上已经过去的时间。")),
    ("at risk", ("Progress is less than 95 % of what the calendar asks for.", "进度不足时间进度的 95%。")),
    ("off track", ("Progress is less than 75 % of what the calendar asks for.", "进度不足时间进度的 75%。")),
    ("not started", ("The period has not begun.", "周期尚未开始。")),
)
STATE_MEANINGS: Final[tuple[tuple[str, Pair], ...]] = (
    ("fresh", ("A new number was fetched and written.", "取到新数字，已写入。")),
    ("unchanged", ("Fetched; the number is the same as before.", "已取数，数字与之前相同。")),
    ("kept", ("Could not be fetched now. The last good number stays; it is tried again.",
              "暂时取不到。保留上一次的正确数字，稍后会再试。")),
    ("broken", ("Needs somebody to mend it. The last good number stays; Sync says what to do.",
                "需要有人处理。保留上一次的正确数字，“同步状态”会说明怎么做。")),
    ("manual", ("No link: a person types this one.", "没有链接：此行由人填写。")),
)  # fmt: skip
KIND_MEANINGS: Final[tuple[tuple[Kind, Pair], ...]] = (
    (Kind.NUMBER, ("From Start to Target, up or down.", "从起始值到目标值，可升可降。")),
    (Kind.PERCENT, ("The same for a share: 0 % to 100 %.", "同上，用于比例：0% 到 100%。")),
    (Kind.YES_NO, ("Done or not done.", "完成或未完成。")),
    (Kind.AT_LEAST, ("Reached as soon as the result is as high as the target.", "结果不低于目标值即为完成。")),
    (Kind.AT_MOST, ("Reached as soon as the result is as low as the target.", "结果不高于目标值即为完成。")),
)
GOOD_FORM: Final[Pair] = ("Good form", "写好 OKR")
RULES: Final[tuple[tuple[str, Pair], ...]] = (
    ("O", ("An objective says where to go: no number in it and no date.", "目标说明方向：不写数字，也不写日期。")),
    ("KR", ("A key result measures one thing, and no other row has its name.", "关键结果只衡量一件事，名称不与其他行重复。")),
    (
        "→",
        (
            "Write into Aligned to which overall key result the row contributes to: KR1.1",
            "在“对齐”中写明本行支持哪个整体关键结果，如 KR1.1",
        ),
    ),
)

COLUMNS: Final[Pair] = ("What each column is", "各列的含义")
COLUMN_MEANINGS: Final[tuple[tuple[Column, Pair], ...]] = (
    (Column.OBJECTIVE, ("Where you want to get. One objective, one or more key results.",
                        "想要达到的状态。一个目标下有一个或多个关键结果。")),
    (Column.KEY_RESULT, ("The number that shows whether you get there.", "用来判断是否达成的数字。")),
    (Column.START, ("What it was when the period began; blank counts as 0.", "周期开始时的数值；留空按 0 计算。")),
    (Column.TARGET, ("What it is to be at the end. Lower than Start is fine: then less is better.",
                     "周期结束时要达到的数值。可以低于起始值，表示越低越好。")),
    (Column.RESULT, ("What it is now: fetched from the link, or typed by a person.", "目前的数值：由链接自动获取，或由人填写。")),
    (Column.DATA_LINK, ("The address of the page where the number stands.", "数字所在页面的地址。")),
    (Column.PROGRESS, ("The share of the way from Start to Target.", "从起始值到目标值已完成的比例。")),
    (Column.AS_OF, ("The moment the number is from.", "数字对应的时间。")),
    (Column.OWNER, ("Who answers for it; the choices stand on the sheet People.", "负责的人；可选姓名在“人员”工作表。")),
    (Column.ALIGNED_TO, ("Which overall key result the row contributes to, such as KR1.1", "本行支持的整体关键结果，如 KR1.1")),
)  # fmt: skip
CHANGE: Final[Pair] = ("Make it yours", "改成你们自己的")
CHANGES: Final[tuple[tuple[Pair, Pair], ...]] = (
    (("A new row", "新增一行"), ("Copy a row and insert it between two others of its objective.",
                             "复制一行，插入到同一目标的两行之间。")),
    (("A new team", "新增团队"), ("Copy a team from its coloured band to its last row, and insert it below. The review finds it.",
                              "复制一个团队（从色带到最后一行），插入到下面。复盘页会自动统计。")),
    (("The look", "外观"), ("Columns may be moved, hidden and added, colours changed. Leave the headings as they are.",
                        "可以移动、隐藏和新增列，也可以改颜色；标题文字请保持不变。")),
)  # fmt: skip
