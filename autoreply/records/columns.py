"""What the columns of a shop's tables are called: by us, and in the exports of the platforms' back offices.

The foreign names are those of the order and goods exports that sellers get from Taobao and Tmall, PDD, Douyin and JD.
Of several columns for one field the name that stands first here counts.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

Names = Mapping[str, tuple[str, ...]]

ITEMS: Names = {
    "product_id": ("商品ID", "商品编号", "宝贝ID", "商品编码", "货号"),
    "name": ("商品名称", "宝贝标题", "商品标题", "选购商品", "宝贝名称", "标题", "商品"),
    "sku": ("商品规格", "商品属性", "销售属性", "规格", "规格名称", "SKU", "颜色尺码", "颜色分类"),
    "quantity": ("商品数量", "购买数量", "订购数量", "宝贝数量", "宝贝总数量", "数量"),
    "price": ("商品单价", "单价", "商品价格", "京东价", "价格"),
}
"""Of a table of orders, besides ``ORDERS``: one line of it is one item."""

ORDERS: Names = {
    "order_no": ("订单号", "订单编号", "主订单编号", "订单ID", "交易编号", "父订单号"),
    "buyer_id": (
        *("买家ID", "买家会员名", "买家昵称", "买家旺旺", "旺旺", "旺旺号", "买家账号", "买家帐号"),
        *("下单账号", "下单帐号", "客户账号", "用户ID", "用户账号", "买家"),
    ),
    "state": ("订单状态", "交易状态", "状态"),
    "created_at": ("订单创建时间", "下单时间", "订单提交时间", "拍下时间", "创建时间"),
    "paid_at": ("订单付款时间", "付款时间", "支付时间", "支付完成时间", "付款确认时间", "订单成交时间"),
    "ship_by": ("最晚发货时间", "承诺发货时间", "应发货时间", "发货截止时间", "订单应发货时间"),
    "shipped_at": ("发货时间", "订单发货时间", "出库时间"),
    "signed_at": ("签收时间", "确认收货时间", "收货时间", "订单完成时间"),
    "courier": ("快递公司", "物流公司", "快递", "承运商"),
    "tracking_no": ("快递单号", "物流单号", "运单号", "运单号码"),
    "last_event": ("最新物流", "物流信息", "物流轨迹", "物流状态"),
    "last_event_at": ("最新物流时间", "物流更新时间"),
    "receiver": ("收货人姓名", "收货人", "收件人", "收件人姓名", "客户姓名"),
    "phone": ("联系手机", "收货人手机", "手机号", "手机", "收件人手机号", "收件人手机", "联系电话"),
    "province": ("省", "省份", "收货省份"),
    "city": ("市", "城市", "收货城市"),
    "address": ("收货地址", "详细地址", "收件地址", "客户地址", "街道地址"),
    "amount": (
        *("买家实际支付金额", "买家实付金额", "用户实付金额", "实付金额", "实付款", "订单应付金额", "应付金额"),
        *("订单金额", "总金额"),
    ),
    "freight": ("买家应付邮费", "买家支付运费", "邮费", "运费", "运费金额"),
    "invoice_title": ("发票抬头",),
    "note": ("买家留言", "买家备注", "订单备注"),
}
"""``note`` is never 商家备注 or 卖家备注: what the shop writes to itself is not for the buyer."""

ORDER_LINES: Names = {**ORDERS, **ITEMS}

PRODUCTS: Names = {
    "product_id": ITEMS["product_id"],
    "name": ("商品名称", "宝贝标题", "商品标题", "宝贝名称", "标题", "名称"),
    "keywords": ("关键词", "别名", "叫法"),
    "url": ("商品链接", "宝贝链接", "链接", "网址"),
    "price": ("售价", "现价", "商品价格", "一口价", "京东价", "价格"),
    "list_price": ("原价", "划线价", "吊牌价", "市场价"),
    "sku": ("商品规格", "规格", "规格名称", "SKU", "销售属性", "颜色尺码"),
    "stock": ("库存", "商品库存", "库存数量", "可售库存", "总库存"),
    "ships_on": ("发货日期", "预售发货日期"),
    "custom": ("定制", "是否定制"),
    "authentic": ("正品说明", "授权说明"),
    "how_to_use": ("使用方法", "用法", "使用说明"),
    "alternatives": ("替代商品", "相似商品", "推荐商品"),
}

SIZES: Names = {
    "product_id": ITEMS["product_id"],
    "size": ("尺码", "尺寸", "码数"),
    "height": ("身高", "适合身高", "建议身高"),
    "weight": ("体重", "适合体重", "建议体重"),
}

FAQ: Names = {
    "product_id": ITEMS["product_id"],
    "question": ("问题", "问", "提问"),
    "answer": ("回答", "答", "答案", "答复"),
}

ATTRIBUTE = re.compile(r"(?:attr|属性)[:：]\s*(?P<name>.+)", re.IGNORECASE | re.DOTALL)
"""A column of an attribute: ``属性:材质`` or ``attr:材质``."""

_UNIT = re.compile(r"[(\[](?P<unit>元|件|kg|公斤|千克|斤|cm|厘米|米|m)[)\]]$")


def folded(name: str) -> str:
    """A name as names are compared: width, case, blanks, a star for "required" and a unit at its end left out."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", name).casefold()).lstrip("*\ufeff")
    return _UNIT.sub("", plain)


def unit_of(name: str) -> str:
    """The unit at the end of a column's name: ``体重(斤)`` → ``斤``; empty where there is none."""
    found = _UNIT.search(re.sub(r"\s", "", unicodedata.normalize("NFKC", name).casefold()))
    return found["unit"] if found else ""


def places(head: Sequence[str], names: Names) -> dict[str, int]:
    """Where each field stands in a table with this head; a field without a column is left out."""
    at: dict[str, int] = {}
    for n, cell in enumerate(head):
        at.setdefault(folded(cell), n)
    found = {}
    for field, others in names.items():
        known = (folded(name) for name in (field, *others))
        if (name := next((name for name in known if name in at), None)) is not None:
            found[field] = at[name]
    return found


def attributes(head: Sequence[str]) -> dict[str, int]:
    """Where the attributes stand, by their names."""
    return {found["name"].strip(): n for n, cell in enumerate(head) if (found := ATTRIBUTE.match(cell.strip()))}
