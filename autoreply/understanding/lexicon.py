"""Closed word lists that slots are found by: places, couriers, colours, days, festivals.

Places are the provinces, prefecture-level divisions and a choice of county-level cities of China (GB/T 2260), short
forms as people write them. Names that are everyday words too (东方, 白银 …) are left out.
"""

from collections.abc import Mapping

_PLACES = """
北京:;上海:;天津:;重庆:万州 涪陵 永川 江津
河北:石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 雄安 三河 燕郊 辛集
山西:太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
内蒙古:呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 锡林郭勒 阿拉善 满洲里
辽宁:沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 葫芦岛
吉林:长春 四平 辽源 通化 白山 松原 白城 延边 延吉
黑龙江:哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭
江苏:南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 江阴 张家港 常熟 太仓 宜兴 丹阳 靖江
浙江:杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 诸暨 海宁 慈溪 余姚 桐乡 永康 乐清 瑞安
安徽:合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城
福建:福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 石狮 福清 南安
江西:南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
山东:济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 莱芜 寿光 即墨
河南:郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源
湖北:武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 神农架
湖南:长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 浏阳
广东:广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 顺德
广西:南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海南:海口 三亚 三沙 儋州 琼海 文昌 万宁
四川:成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山 西昌
贵州:贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 凯里 兴义
云南:昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆
西藏:拉萨 日喀则 昌都 林芝 山南 那曲 阿里地区
陕西:西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
甘肃:兰州 嘉峪关 金昌 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南 敦煌
青海:西宁 海东 海北 海西 格尔木 玉树 果洛
宁夏:银川 石嘴山 吴忠 固原 中卫
新疆:乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 库尔勒 阿克苏 喀什 和田 伊犁 伊宁 塔城 阿勒泰 石河子
香港:;澳门:;台湾:台北 高雄 台中
"""

_COURIERS = {
    "顺丰": "顺丰 顺风 顺峰 顺丰速运 sf",
    "圆通": "圆通 园通 元通 圆通速递",
    "中通": "中通 zto",
    "申通": "申通 sto",
    "韵达": "韵达 韵达快递 运达快递 云达 yunda",
    "百世": "百世 百世汇通 汇通 百事快递 百世快递",
    "天天": "天天快递 天天快件",
    "极兔": "极兔 极兔速递 j&t",
    "邮政": "邮政 中国邮政 邮局 邮政小包 邮政包裹",
    "EMS": "ems eyoubao e邮宝",
    "京东": "京东快递 京东物流 jd快递",
    "德邦": "德邦 德邦快递 德邦物流",
    "宅急送": "宅急送",
    "优速": "优速",
    "丹鸟": "丹鸟 菜鸟直送",
    "国通": "国通快递 国通",
    "快捷": "快捷快递",
    "安能": "安能物流 安能",
    "菜鸟": "菜鸟裹裹",
}

_COLOURS = (
    "黑色 白色 红色 蓝色 绿色 黄色 灰色 紫色 粉色 棕色 橙色 金色 银色 米色 咖色 咖啡色 卡其色 驼色 杏色 藏青 藏青色 "
    "天蓝 天蓝色 深蓝 深蓝色 浅蓝 浅蓝色 深灰 深灰色 浅灰 浅灰色 粉红 粉红色 玫红 玫红色 酒红 酒红色 大红 大红色 "
    "军绿 军绿色 墨绿 墨绿色 薄荷绿 豆绿 果绿 裸色 肉色 奶白 米白 本白 乳白 象牙白 香槟色 香槟金 玫瑰金 土豪金 原木色 "
    "胡桃色 透明色 彩色 花色 纯黑 纯白 黑的 白的 红的 蓝的 绿的 黄的 灰的 紫的 粉的"
)

_DAYS = {
    "大前天": -3,
    "前天": -2,
    "前日": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "今天": 0,
    "今日": 0,
    "今儿": 0,
    "今晚": 0,
    "今早": 0,
    "当天": 0,
    "明天": 1,
    "明日": 1,
    "明儿": 1,
    "明早": 1,
    "明晚": 1,
    "后天": 2,
    "后日": 2,
    "大后天": 3,
}

_FESTIVALS = (
    "元旦 春节 过年 除夕 元宵 元宵节 情人节 妇女节 女神节 清明 清明节 五一 劳动节 端午 端午节 儿童节 六一 七夕 中秋 "
    "中秋节 国庆 国庆节 十一假期 重阳 双十一 双11 双十二 双12 618 六一八 圣诞 圣诞节 母亲节 父亲节 年货节 教师节"
)


def words() -> Mapping[str, tuple[tuple[str, str | int], ...]]:
    """Each word of the lists, folded as ``normalise`` folds, with the slots it stands for as ``(name, value)``."""
    found: dict[str, tuple[tuple[str, str | int], ...]] = {}
    for entry in _PLACES.replace("\n", ";").split(";"):
        province, _, cities = entry.partition(":")
        if province:
            found[province] = (("province", province),)
            for suffix in ("省", "市"):
                found[province + suffix] = (("province", province),)
        for city in cities.split():
            found[city] = found[city + "市"] = (("city", city), ("province", province))
    found["黑龙江"] = (("province", "黑龙江"),)
    for courier, names in _COURIERS.items():
        found |= dict.fromkeys(names.split(), (("courier", courier),))
    found |= {colour: (("colour", colour),) for colour in _COLOURS.split()}
    found |= {word: (("day", offset),) for word, offset in _DAYS.items()}
    found |= {word: (("festival", word),) for word in _FESTIVALS.split()}
    return found
